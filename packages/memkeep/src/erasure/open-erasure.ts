import { erasureSteps, type OpenErasure } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { ErasureKernel, FoundErasure } from './erasure-kernel.ts'
import { openNames } from './names.ts'
import { readRecord } from './read-record.ts'
import { placeOf } from './step-call.ts'

type Found = FoundErasure & { readonly requested_ms: number }

/** Where an erasure stands and why; null when it has ended by now. One whose rows somebody changed is told all the same. */
export async function openErasure(kernel: ErasureKernel, found: Found): Promise<OpenErasure | null> {
  const place = placeOf(found)
  const known = { id: found.id, kind: place.kind, requestedAt: new Date(found.requested_ms) }
  try {
    const record = await readRecord(kernel, place, found.id)
    if (record.done) return null
    const step = erasureSteps.find((name) => record.steps.get(name)?.endedAt == null)!
    const { why, failed } = record.steps.get(step)?.notes ?? {}
    const tenant = (await openNames(kernel, record))?.tenant ?? null
    return Object.freeze({ ...known, tenant, step, why: textOf(why) ?? textOf(failed) })
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.retryable) throw error
    return Object.freeze({ ...known, tenant: null, step: null, why: error.message })
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
