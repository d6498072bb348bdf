import { type ErasureStepName, erasureSteps } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord, StepRow, TryName } from './erasure-record.ts'
import { checkRequested } from './request-seal.ts'

/** What is noted of a step: JSON, and when it ended; null while it waits. */
export type Noted = Pick<StepRow, 'notes' | 'ended_ms'>

/**
 * 16 bytes that only this deployment can make: of what a step noted, of the erasure as it was asked for, and of what the steps before it noted. So nobody who owns the
 * database can change a count, take a step back or have another erasure's notes stand for this one's.
 */
export async function sealOf(
  { keyring }: ErasureKernel,
  record: ErasureRecord,
  step: ErasureStepName | TryName,
  { notes, ended_ms }: Noted,
): Promise<Buffer> {
  const { id, tenant, kind, subject, epoch, after, reason, askedBy, principal, scopeCommit, requestedMs, rows } = record
  // A try comes after none of them.
  const place = Math.max(0, (erasureSteps as readonly string[]).indexOf(step))
  const before = erasureSteps.slice(0, place).map((name) => rows.get(name)?.mac ?? Buffer.alloc(0))
  const asked = [id, tenant, kind, subject, epoch, after, reason, askedBy, principal, scopeCommit, requestedMs]
  const fields = canonicalBytes([...asked, step, notes, ended_ms, Buffer.concat(before)])
  return (await keyring.deployment()).keyedTag('erasure-note', fields)
}

/** Throws `ERR_SEAL_BROKEN` for an erasure that was not asked for so, and for a step that has ended and does not stand as it was noted: the erasure stays open. */
export async function checkNotes(kernel: ErasureKernel, record: ErasureRecord): Promise<void> {
  await checkRequested(kernel, record)
  let open = false
  for (const step of erasureSteps) {
    const row = record.rows.get(step)
    if (row?.ended_ms == null) open = true
    // One that has ended behind one that has not: that was taken away.
    else if (open || !(await isSealed(kernel, record, step))) throw changed(step)
  }
  const bar = record.rows.get('bar')?.ended_ms ?? null
  if (bar !== null && bar !== record.barredMs) throw changed('bar')
}

/** Throws `ERR_SEAL_BROKEN` unless every step up to the verification has ended and stands as it was noted: then the erasure was carried out. */
export async function checkEnded(kernel: ErasureKernel, record: ErasureRecord): Promise<void> {
  await checkNotes(kernel, record)
  if (record.rows.get('verify')?.ended_ms == null) throw changed('verify')
}

/** Whether a step or a try stands as this deployment noted it. */
export async function isSealed(
  kernel: ErasureKernel,
  record: ErasureRecord,
  name: ErasureStepName | TryName,
): Promise<boolean> {
  const row = record.tries.get(name as TryName) ?? record.rows.get(name as ErasureStepName)
  return row?.mac?.equals(await sealOf(kernel, record, name, row)) ?? false
}

function changed(step: ErasureStepName): MemkeepError {
  return new MemkeepError('ERR_SEAL_BROKEN', `what the erasure's step ${step} noted was changed in the database`)
}
