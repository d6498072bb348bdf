import { erasureReasons } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { type ErasureRecord, notesOf } from './erasure-record.ts'
import { expiredLine, type LedgerEntry, lineOf, readLines } from './ledger-lines.ts'
import { isOwnLine, lineSealOf } from './ledger-seal.ts'
import { callStep } from './step-call.ts'
import type { Notes, StepInput } from './steps.ts'
import { witnessLedger } from './witnessed-ledger.ts'

const hourMs = 3_600_000

/** Looks whether the ledger outside the database stands, and drops what has expired there. Nothing is entered for what is only asked for: a hold may stop it yet, and the restore guard would carry it out all the same. */
export async function authorise({ kernel, record }: StepInput): Promise<Notes> {
  const { askedBy, reason } = record
  await expireLines(kernel)
  const own = askedBy === 'guard' ? { entered: await ownLine(kernel, record) } : {}
  await witnessLedger(kernel)
  return { askedBy, reason, ...own }
}

/**
 * When the last backup has gone that could hold what is deleted now: in whole hours, so that what follows its request at once needs no second line.
 */
export function lastBackupMs({ seams, keepsBackupsMs }: Pick<ErasureKernel, 'seams' | 'keepsBackupsMs'>): number {
  return Math.ceil((seams.clock.now() + keepsBackupsMs) / hourMs) * hourMs
}

/** What lets the restore guard repeat a deletion. */
export interface Covered {
  /** When the last backup has gone that could hold what is deleted. */
  readonly untilMs: number
  /** Place of the line in the ledger outside the database; null without one. */
  readonly entered: number | null
}

/**
 * Behind the barrier and before rows are deleted: enters the erasure in the ledger outside the database. The line must not end before the backups that hold
 * those rows until now, nor name another epoch.
 */
export async function coverDeletion({ kernel, record, beganMs }: StepInput): Promise<Covered> {
  const untilMs = lastBackupMs(kernel)
  if (record.untilMs < untilMs) {
    // The bar and its step stand.
    const standing = [record.barredMs, null]
    await callStep(kernel, record, { doorway: 'bar_scope', args: [record.id, beganMs, ...standing, untilMs] })
  }
  const lastMs = Math.max(record.untilMs, untilMs)
  // One that the guard repeats has the line that it goes by: it deletes what backups hold until then.
  const entered =
    record.askedBy === 'guard'
      ? notesOf<{ entered: number }>(record, 'authorise').entered
      : await enter(kernel, { ...record, untilMs: lastMs })
  await witnessLedger(kernel)
  return { untilMs: lastMs, entered }
}

async function enter(kernel: ErasureKernel, record: ErasureRecord): Promise<number | null> {
  const { ledger, seams } = kernel
  if (ledger === null) return null
  for (;;) {
    const lines = await ledger.read()
    const { entries, head, count } = readLines(lines)
    const nowMs = seams.clock.now()
    const standing = entries.findLast(({ erasure }) => erasure === record.id)
    if (standing !== undefined && covers(standing, record) && (await isOwnLine(kernel, standing))) return standing.place
    const place = count + 1
    const entry = entryOf(record, place, nowMs)
    const mac = await lineSealOf(kernel, entry)
    if (await ledger.put(place, lineOf({ ...entry, mac }, head))) return place
  }
}

function covers({ epoch, until }: LedgerEntry, record: ErasureRecord): boolean {
  return epoch === record.epoch && until >= record.untilMs
}

/** The place of the line by which the guard repeats an erasure. None is put for it: without one (`ERR_SEAL_BROKEN`) nobody asked for that erasure. */
async function ownLine(kernel: ErasureKernel, record: ErasureRecord): Promise<number> {
  const { ledger, seams } = kernel
  const nowMs = seams.clock.now()
  const { entries } = readLines((await ledger?.read()) ?? [])
  const own = entries.findLast(
    ({ erasure, kind, tenant, subject, epoch, commit, until }) =>
      erasure === record.id &&
      kind === record.kind &&
      tenant === record.tenant.toString('hex') &&
      subject === record.subject.toString('hex') &&
      epoch === record.epoch &&
      commit === record.scopeCommit.toString('hex') &&
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
