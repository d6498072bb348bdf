import { MemkeepError } from '../core/errors.ts'
import { lastBackupMs, withhold } from './enter.ts'
import type { StepRow } from './erasure-record.ts'
import { sealOf } from './note-seal.ts'
import { callStep } from './step-call.ts'
import { endOf, type Notes, ofTargets, type StepInput } from './steps.ts'

/**
 * Sets the barrier: from its commit on no write for the scope commits. Answers the step as it stands. Throws `ERR_ACCESS_DENIED` when a hold was placed meanwhile, and `ERR_SEAL_BROKEN` where the
 * scope has keys of a later epoch: it began anew since, and nobody asked for the end of that.
 */
export async function bar(input: StepInput): Promise<StepRow> {
  const { kernel, record, scope, beganMs } = input
  const barredMs = endOf(kernel, record)
  await checkEpoch(kernel, record, scope)
  const mac = await sealOf(kernel, record, 'bar', { notes: '{}', ended_ms: barredMs })
  const [row] = await callStep<StepRow & { readonly outcome: string }>(kernel, record, {
    doorway: 'bar_scope',
    args: [record.id, beganMs, barredMs, mac, lastBackupMs(kernel)],
    handled: ['ok', 'held'],
  })
  if (row!.outcome === 'held') {
    await withhold(input)
    throw held()
  }
  kernel.drop(scope.tenant)
  return row!
}

/** Throws `ERR_SEAL_BROKEN`, as `bar` does. One that the guard repeats goes by its line: the key store may be ahead of a database that was restored. */
export async function checkEpoch(
  { keyring }: StepInput['kernel'],
  record: StepInput['record'],
  scope: StepInput['scope'],
): Promise<void> {
  if (record.askedBy === 'guard' || (await keyring.destruction.newestEpoch(scope)) <= record.epoch) return
  throw new MemkeepError('ERR_SEAL_BROKEN', 'the scope began anew after the epoch that this erasure is of')
}

/** After the barrier, so that nothing fills a cache again: whatever another store serves of the scope, it serves no longer. */
export async function invalidate(input: StepInput): Promise<Notes> {
  const answers = await ofTargets(input, (target, scope) => target.invalidate(scope))
  return { targets: answers.map(([name]) => name) }
}

export function held(): MemkeepError {
  return new MemkeepError('ERR_ACCESS_DENIED', 'a legal hold stands on this scope: it must be released first')
}
