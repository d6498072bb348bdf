import { erasureReasons } from '../core/erasure.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { expiredLine, type LedgerEntry, lineOf, readLines } from './ledger-lines.ts'
import type { Notes, StepInput } from './steps.ts'
import { witnessLedger } from './witnessed-ledger.ts'

/** Enters the erasure in the ledger outside the database, before anything is deleted; and drops what has expired there. */
export async function authorise({ kernel, record }: StepInput): Promise<Notes> {
  const { askedBy, reason } = record
  await expireLines(kernel)
  const entered = await enter(kernel, record)
  await witnessLedger(kernel)
  return { askedBy, reason, entered }
}

async function enter({ ledger, seams }: ErasureKernel, record: ErasureRecord): Promise<number | null> {
  if (ledger === null) return null
  for (;;) {
    const lines = await ledger.read()
    const { entries, head, count } = readLines(lines)
    const nowMs = seams.clock.now()
    const standing = entries.find(({ erasure }) => erasure === record.id)
    if (standing !== undefined) return standing.place
    const place = count + 1
    if (await ledger.put(place, lineOf(entryOf(record, place, nowMs), head))) return place
  }
}

/** Leaves of each line whose time is over its hash alone: the chain holds, and nobody is in it. */
export async function expireLines({ ledger, seams }: Pick<ErasureKernel, 'ledger' | 'seams'>): Promise<void> {
  if (ledger === null) return
  const lines = await ledger.read()
  const nowMs = seams.clock.now()
  for (const { place, until } of readLines(lines).entries) {
    if (until < nowMs) await ledger.replace(place, expiredLine(lines[place - 1]!))
  }
}

function entryOf(record: ErasureRecord, place: number, at: number): LedgerEntry {
  const { id, kind, tenant, subject, epoch, reason, scopeCommit, untilMs } = record
  return {
    place,
    at,
    erasure: id,
    kind,
    tenant: tenant.toString('hex'),
    subject: subject.toString('hex'),
    epoch,
    reason: erasureReasons.indexOf(reason),
    commit: scopeCommit.toString('hex'),
    until: untilMs,
  }
}
