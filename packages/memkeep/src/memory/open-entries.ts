import { Breath } from '../core/breath.ts'
import { MemkeepError } from '../core/errors.ts'
import { damagedKeyOf } from '../keys/damaged-key.ts'
import { decodeEntry } from '../recall/index-entry.ts'
import type { ShelfEntry } from '../recall/shelf.ts'
import { labelsOf, type ReadingRow } from '../store/reading.ts'
import type { Access } from './access.ts'
import { shelfEntry } from './index-of.ts'
import type { Kernel } from './kernel.ts'
import { RowOpener } from './row.ts'

/** What opened, in order, and what did not. */
export interface OpenedEntries {
  readonly entries: readonly ShelfEntry[]
  /** Ids of entries that are not what was sealed: altered, moved, or with a changed label. */
  readonly broken: readonly string[]
  /** Of those, the ones whose key is gone; the last error that said so. */
  readonly keyGone: MemkeepError | null
}

/**
 * Opens entries of one shelf. One that does not open is left out and counted in the cache's statistics: nothing of it is
 * ever used, and it keeps no other from being found. A row that the call may not see (another shelf's, or above
 * the clearance) throws `ERR_SEAL_BROKEN`: that is no damage but a database that does not hold its walls. Keys that
 * cannot be reached just now throw too, as a search with holes that close by themselves would be wrong without a sign; and so does
 * a key whose record is damaged: a backup of the key store closes those holes.
 */
export async function openEntries(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  rows: readonly ReadingRow[],
): Promise<OpenedEntries> {
  const opener = new RowOpener(access.keys, access.claims)
  const entries: ShelfEntry[] = []
  const broken: string[] = []
  let keyGone: MemkeepError | null = null
  const breath = new Breath()
  for (const row of rows) {
    if (breath.due) await breath.take()
    refuseBeyond(access, [subject], row)
    try {
      entries.push(shelfEntry(labelsOf(row), subject, decodeEntry(await opener.openEntry(row))))
    } catch (error) {
      if (!isBroken(error)) throw error
      if (error.code === 'ERR_KEY_DESTROYED') keyGone = error
      broken.push(row.id)
    }
  }
  if (broken.length > 0) kernel.shelves.countBroken(broken.length)
  return { entries, broken, keyGone }
}

/** Throws `ERR_SEAL_BROKEN` for a row beyond the clearance, or of a shelf that was not asked for. */
export function refuseBeyond(access: Access, subjects: readonly Buffer[], row: ReadingRow): void {
  const isInSight = (access.claims.clearance & (1 << row.sensitivity)) !== 0
  if (isInSight && subjects.some((subject) => row.subject.equals(subject))) return
  throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought a row beyond the scope')
}

/** True for what is wrong with one record and stays so; false for what is wrong with the call, the store or the keys. */
export function isBroken(error: unknown): error is MemkeepError {
  if (!(error instanceof MemkeepError) || damagedKeyOf(error) !== null) return false
  return error.code === 'ERR_SEAL_BROKEN' || error.code === 'ERR_KEY_DESTROYED'
}
