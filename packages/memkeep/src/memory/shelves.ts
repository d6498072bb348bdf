import { MemkeepError } from '../core/errors.ts'
import { sensitivities } from '../core/labels.ts'
import { rightBits } from '../core/rights.ts'
import { decodeEntry } from '../recall/index-entry.ts'
import { Shelf } from '../recall/shelf.ts'
import { labelsOf, parts, type ReadingRow } from '../store/reading.ts'
import { type Access, callRead } from './access.ts'
import { shelfEntry } from './index-of.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { RowOpener } from './row.ts'

/** A shelf as one clearance sees it, and where it stands in the cache. */
export interface OpenShelf {
  readonly subject: Buffer
  readonly shelf: Shelf
}

/**
 * Cache key of a shelf: tags have one length, so no tenant's keys begin another's. Two clearances never share a shelf; and
 * those whose loading may be refused for different reasons never share a load.
 */
function shelfKey(access: Access, subject: Buffer): string {
  const { clearance, reach, rights } = access.claims
  const may = `${reach === 'all' ? 'wide' : 'own'}/${rights & (rightBits.read | rightBits.tenant)}`
  return `${access.keys.tag.toString('hex')}/${subject.toString('hex')}/${clearance}/${may}`
}

/** The shelves that a subject or common scope reads: its own, and the common one. */
export function readableShelves(access: Access): Buffer[] {
  const { shelf, keys, scope } = access
  return scope.reach === 'subject' ? [shelf, keys.commonTag] : [shelf]
}

/** Opens shelves, loading those that are not held. Their versions may be behind: `recall` says so. */
export async function openShelves(kernel: Kernel, access: Access, subjects: readonly Buffer[]): Promise<OpenShelf[]> {
  const open: OpenShelf[] = []
  for (const subject of subjects) {
    const shelf = await kernel.shelves.load(shelfKey(access, subject), () => loadShelf(kernel, access, subject))
    open.push({ subject, shelf })
  }
  return open
}

const pageSize = 2000

async function loadShelf(kernel: Kernel, access: Access, subject: Buffer): Promise<Shelf> {
  const opener = new RowOpener(access.keys, access.claims)
  const doorway = access.scope.reach === 'all' ? 'wide_load' : 'load'
  const entries: ReadingRow[] = []
  let version: number | null = null
  let cursor: { version: number; id: string } = { version: -1, id: '00000000-0000-0000-0000-000000000000' }
  for (;;) {
    const rows = await callRead<ReadingRow>(kernel, access, doorway, [subject, cursor.version, cursor.id, pageSize])
    const answer = rows.find((row) => row.part === parts.outcome)
    expectOutcome(answer?.outcome, 'ok')
    // What changes while pages are read comes with the first delta: the shelf is as old as its first page.
    version ??= answer!.shelf_version
    const page = rows.filter((row) => row.part === parts.entry)
    entries.push(...page)
    if (page.length < pageSize) break
    const last = page.at(-1)!
    cursor = { version: last.shelf_version, id: last.id }
  }
  const shelf = new Shelf(version)
  for (const row of entries) {
    if (!row.subject.equals(subject)) throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought another shelf')
    await putRow(shelf, opener, row)
  }
  return shelf
}

async function putRow(shelf: Shelf, opener: RowOpener, row: ReadingRow): Promise<void> {
  shelf.put(shelfEntry(labelsOf(row), row.subject, decodeEntry(await opener.openEntry(row))))
}

/** Brings shelves up to date with a `stale` answer. One that changed too much to tell is dropped, to be loaded anew. */
export async function applyChanges(
  kernel: Kernel,
  access: Access,
  open: readonly OpenShelf[],
  rows: readonly ReadingRow[],
): Promise<void> {
  const opener = new RowOpener(access.keys, access.claims)
  for (const { subject, shelf } of open) {
    const moved = rows.find((row) => row.part === parts.shelf && row.subject.equals(subject))
    if (moved === undefined) continue
    if (moved.shelf_version < 0) {
      kernel.shelves.drop(shelfKey(access, subject))
      continue
    }
    const own = rows.filter((row) => row.part >= parts.entry && row.subject.equals(subject))
    const opened = await Promise.all(
      own
        .filter((row) => row.part === parts.entry)
        .map(async (row) => shelfEntry(labelsOf(row), row.subject, decodeEntry(await opener.openEntry(row)))),
    )
    // From here on without a pause: another operation of this process may have brought the shelf further meanwhile.
    if (shelf.version >= moved.shelf_version) continue
    for (const row of own) if (row.part === parts.removed) shelf.remove(row.id)
    for (const entry of opened) shelf.put(entry)
    shelf.version = moved.shelf_version
  }
}

/** Puts an own write on the held shelf, when that shelf stood at the version before it. Else the next recall brings it. */
export function noteWrite(
  kernel: Kernel,
  access: Access,
  newVersion: number | null,
  change: (shelf: Shelf, sees: (sensitivity: (typeof sensitivities)[number]) => boolean) => void,
): void {
  if (newVersion === null) return
  const shelf = kernel.shelves.get(shelfKey(access, access.shelf))
  if (shelf === undefined || shelf.version !== newVersion - 1) return
  change(shelf, (sensitivity) => (access.claims.clearance & (1 << sensitivities.indexOf(sensitivity))) !== 0)
  shelf.version = newVersion
}
