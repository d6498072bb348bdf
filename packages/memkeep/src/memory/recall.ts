import { MemkeepError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import type { ShelfEntry } from '../recall/shelf.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { byteaArray, int8Array, uuidArray } from '../store/wire-arrays.ts'
import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { RowOpener } from './row.ts'
import { applyChanges, type OpenShelf, openShelves } from './shelves.ts'

export type RecallAction = 'memory.search' | 'memory.list'

/** Which of the shelves' entries an operation wants, best first. Asked again when a shelf turned out to be stale. */
export type Choose = (shelves: readonly OpenShelf[]) => readonly ShelfEntry[]

/**
 * Chooses memories on shelves and fetches them: one round trip when the shelves are current. When one is not, the answer
 * brings what changed and the choice is made anew. The second answer is taken as it is: its shelves were current after
 * this operation began, and a memory that was removed since is not in it.
 * Returns the memories in the order of the choice, as far as they are still in sight.
 */
export async function recall(
  kernel: Kernel,
  access: Access,
  action: RecallAction,
  subjects: readonly Buffer[],
  choose: Choose,
  names: (subject: Buffer) => string | null,
): Promise<Memory[]> {
  let exact = true
  for (let attempt = 1; attempt <= 5; attempt++) {
    const open = await openShelves(kernel, access, subjects)
    const chosen = choose(open)
    const rows = await callRecall(kernel, access, action, open, exact, chosen)
    if (expectOutcome(rows.find((row) => row.part === parts.outcome)?.outcome, 'ok', 'stale') === 'ok') {
      return openMemories(access, rows, chosen, names)
    }
    await applyChanges(kernel, access, open, rows)
    // A shelf that must be loaded anew may be stale again by then; one that was brought up to date is current enough.
    exact = rows.some((row) => row.part === parts.shelf && row.shelf_version < 0)
  }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the shelf changes faster than it can be read', { retryable: true })
}

/** Brings the shelves up to date and returns them. */
export async function currentShelves(
  kernel: Kernel,
  access: Access,
  subjects: readonly Buffer[],
): Promise<readonly OpenShelf[]> {
  let current: readonly OpenShelf[] = []
  const choose: Choose = (open) => {
    current = open
    return []
  }
  await recall(kernel, access, 'memory.list', subjects, choose, () => null)
  return current
}

async function callRecall(
  kernel: Kernel,
  access: Access,
  action: RecallAction,
  open: readonly OpenShelf[],
  exact: boolean,
  chosen: readonly ShelfEntry[],
): Promise<ReadingRow[]> {
  const shelves = [...new Set(chosen.map(({ subjectTag }) => subjectTag))]
  return callRead<ReadingRow>(kernel, access, access.scope.reach === 'all' ? 'wide_recall' : 'recall', [
    action,
    byteaArray(open.map(({ subject }) => subject)),
    int8Array(open.map(({ shelf }) => shelf.version)),
    exact,
    uuidArray(chosen.map(({ id }) => id)),
    byteaArray(shelves.map((tag) => Buffer.from(tag, 'hex'))),
  ])
}

async function openMemories(
  access: Access,
  rows: readonly ReadingRow[],
  chosen: readonly ShelfEntry[],
  names: (subject: Buffer) => string | null,
): Promise<Memory[]> {
  const opener = new RowOpener(access.keys, access.claims)
  const found = new Map<string, ReadingRow>()
  for (const row of rows) if (row.part === parts.memory) found.set(row.id, row)
  const wanted = chosen.map(({ id }) => found.get(id)).filter((row) => row !== undefined)
  return opener.openMemories(wanted, names)
}
