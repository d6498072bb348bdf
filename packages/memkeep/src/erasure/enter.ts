import { erasureReasons } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { expiredLine, type LedgerEntry, lineOf, readLines, withheld } from './ledger-lines.ts'
import { isOwnLine, lineSealOf } from './ledger-seal.ts'
import { callStep } from './step-call.ts'
import type { Notes, StepInput } from './steps.ts'
import { witnessLedger } from './witnessed-ledger.ts'

const hourMs = 3_600_000

/** Enters the erasure in the ledger outside the database, before anything is deleted; and drops what has expired there. */
export async function authorise({ kernel, record }: StepInput): Promise<Notes> {
  const { askedBy, reason } = record
  await expireLines(kernel)
  const entered = record.askedBy === 'guard' ? await ownLine(kernel, record) : await enter(kernel, record)
  await witnessLedger(kernel)
  return { askedBy, reason, entered }
}

/**
 * When the last backup has gone that could hold what is deleted now: in whole hours, so that what follows its request at once needs no second line.
 */
export function lastBackupMs({ seams, keepsBackupsMs }: Pick<ErasureKernel, 'seams' | 'keepsBackupsMs'>): number {
  return Math.ceil((seams.clock.now() + keepsBackupsMs) / hourMs) * hourMs
}

/**
 * Before rows are deleted: the line must not end before the backups that hold them until now, nor name another epoch.
 * Returns that end.
 */
export async function coverDeletion({ kernel, record, beganMs }: StepInput): Promise<number> {
  const untilMs = lastBackupMs(kernel)
  if (record.untilMs < untilMs) {
    // The bar and its step stand.
    const standing = [record.barredMs, null]
    await callStep(kernel, record, { doorway: 'bar_scope', args: [record.id, beganMs, ...standing, untilMs] })
  }
  const lastMs = Math.max(record.untilMs, untilMs)
  // One that the guard repeats has the line that it goes by: it deletes what backups hold until then.
  if (record.askedBy !== 'guard') await enter(kernel, { ...record, untilMs: lastMs })
  await witnessLedger(kernel)
  return lastMs
}

async function enter(kernel: ErasureKernel, record: ErasureRecord, held = false): Promise<number | null> {
  const { ledger, seams } = kernel
  if (ledger === null) return null
  for (;;) {
    const lines = await ledger.read()
    const { entries, head, count } = readLines(lines)
    const nowMs = seams.clock.now()
    const standing = entries.findLast(({ erasure }) => erasure === record.id)
    if (standing !== undefined && covers(standing, record, held) && (await isOwnLine(kernel, standing)))
      return standing.place
    const place = count + 1
    const entry = { ...entryOf(record, place, nowMs), ...(held ? { reason: withheld } : {}) }
    const mac = await lineSealOf(kernel, entry)
    if (await ledger.put(place, lineOf({ ...entry, mac }, head))) return place
  }
}

function covers({ epoch, until, reason }: LedgerEntry, record: ErasureRecord, held: boolean): boolean {
  return epoch === record.epoch && until >= record.untilMs && (reason === withheld) === held
}

/**
 * Says in the ledger outside the database that a hold stopped the erasure before its bar: a backup of before the request, put back, would else be erased, and with it
 * keys that are in use. Its deletion is entered anew.
 */
export async function withhold({ kernel, record }: StepInput): Promise<void> {
  if (record.askedBy === 'guard') return
  await enter(kernel, record, true)
  await witnessLedger(kernel)
}

/** The place of the line by which the guard repeats an erasure. None is put for it: without one (`ERR_SEAL_BROKEN`) nobody asked for that erasure. */
async function ownLine(kernel: ErasureKernel, record: ErasureRecord): Promise<number> {
  const { ledger, seams } = kernel
  const nowMs = seams.clock.now()
  const { entries } = readLines((await ledger?.read()) ?? [])
  const own = entries.findLast(
    ({ erasure, kind, tenant, subject, epoch, commit, reason, until }) =>
      erasure === record.id &&
      kind === record.kind &&
      tenant === record.tenant.toString('hex') &&
      subject === record.subject.toString('hex') &&
      epoch === record.epoch &&
      commit === record.scopeCommit.toString('hex') &&
      reason !== withheld &&
      until >= nowMs,
  )
  if (own === undefined || !(await isOwnLine(kernel, own)))
    throw new MemkeepError('ERR_SEAL_BROKEN', 'the erasure ledger has no line of a repeated erasure')
  return own.place
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

function entryOf(record: ErasureRecord, place: number, at: number): Omit<LedgerEntry, 'mac'> {
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
