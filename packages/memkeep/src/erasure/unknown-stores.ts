import { type ErasureStepName, ownCache } from '../core/erasure.ts'
import { elsewhere, type Plan } from './enumerate.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { type ErasureRecord, notesOf } from './erasure-record.ts'
import { incomplete } from './steps.ts'

/** Steps that another process must take when this one does not know a store that the plan names. */
const asking: readonly ErasureStepName[] = ['invalidate', 'derive', 'verify', 'attest']

/**
 * The stores of the plan that this process was not opened with, as far as the step asks them. Another process has them: this one can neither empty them nor say that they
 * are empty. The cache of a process's own memory is asked for by that process alone.
 */
export function unknownStores({ targets }: ErasureKernel, record: ErasureRecord, step: ErasureStepName): string[] {
  if (!asking.includes(step)) return []
  const known = new Set([ownCache, ...targets.flatMap(({ name, stores }) => [name, ...stores])])
  const planned = Object.entries(notesOf<{ plan: Plan }>(record, 'enumerate').plan.targets)
  // Connectors serve until they are emptied: rows need not wait for that.
  const asked = planned.filter(([target]) => step !== 'invalidate' || !['connectors', elsewhere].includes(target))
  const named = asked.flatMap(([target, held]) => (Object.keys(held).length === 0 ? [target] : Object.keys(held)))
  return named.filter((name) => !known.has(name))
}

export function unknown(names: readonly string[]) {
  return incomplete(
    `${names.join(', ')} not known here: a process that was opened with the connectors and the cache of the plan must go on with it`,
  )
}
