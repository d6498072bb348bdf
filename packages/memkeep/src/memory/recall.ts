import { MemkeepError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import type { Shelf, ShelfEntry } from '../recall/shelf.ts'
import type { Interest } from '../recall/shelf-digest.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { byteaArray, int8Array, uuidArray } from '../store/wire-arrays.ts'
import { type Access, callRead, hasRight } from './access.ts'
import { callDisclosing } from './disclosing.ts'
import type { Kernel } from './kernel.ts'
import { isBroken, refuseBeyond } from './open-entries.ts'
import { expectOutcome } from './outcome.ts'
import { RowOpener } from './row.ts'
import { applyChanges, confirmShelves, type OpenShelf, type OpenShelves, readShelves } from './shelves.ts'

/** Null brings the shelves up to date alone: it shows no memory, and counts as none. In the ledger it is a list. */
export type RecallAction = 'memory.search' | 'memory.list' | null

/** Which of the shelves' entries an operation wants, best first. Asked again when a shelf turned out to be stale. */
export type Choose = (shelves: readonly Shelf[], open: OpenShelves) => readonly ShelfEntry[]

/** What a scope's principal needs to read. */
export function readingRight({ reach }: ScopeClaims): number {
  return reach === 'all' ? rightBits.read | rightBits.tenant : rightBits.read
}

/**
 * Lets the doorway deny and record, as what was asked for, what a principal may not read: no shelf is listed or loaded for it first, each of which would be
 * denied, and recorded, by itself.
 */
export async function expectReader(kernel: Kernel, access: Access, action: RecallAction): Promise<void> {
  if (hasRight(access, readingRight(access.scope))) return
  const rows = await callRecall(kernel, access, action, [], false, [])
  expectOutcome(rows.find((row) => row.part === parts.outcome)?.outcome)
}

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
  interest: Interest,
  signal?: AbortSignal,
): Promise<Memory[]> {
  const askedMs = kernel.seams.clock.now()
  let exact = true
  for (let attempt = 1; attempt <= 5; attempt++) {
    const open = await readShelves(kernel, access, subjects, interest, signal)
    const { chosen, mismatch } = chosenOf(choose, open)
    const rows = await callRecall(kernel, access, action, open.held, exact, chosen)
    const outcome = expectOutcome(rows.find((row) => row.part === parts.outcome)?.outcome, 'ok', 'stale')
    confirmShelves(kernel, access, open.held, askedMs)
    if (outcome === 'ok') {
      if (mismatch !== null) throw mismatch
      return openMemories(kernel, access, subjects, rows, chosen, names)
    }
    await applyChanges(kernel, access, open.held, rows)
    // A shelf that must be loaded anew may be stale again by then; one that was brought up to date is current enough.
    exact = rows.some((row) => row.part === parts.shelf && row.shelf_version < 0)
  }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the shelf changes faster than it can be read', { retryable: true })
}

interface Choice {
  readonly chosen: readonly ShelfEntry[]
  readonly mismatch: MemkeepError | null
}

/** That a shelf was embedded by another model is believed once it is current: another process may have embedded it anew. */
function chosenOf(choose: Choose, open: OpenShelves): Choice {
  try {
    return { chosen: choose(rankable(open), open), mismatch: null }
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_EMBEDDER_MISMATCH') throw error
    return { chosen: [], mismatch: error }
  }
}

/** Brings the shelves up to date and returns them. */
export async function currentShelves(
  kernel: Kernel,
  access: Access,
  subjects: readonly Buffer[],
  interest: Interest,
): Promise<{ readonly shelves: readonly Shelf[]; readonly version: number }> {
  let current: { shelves: readonly Shelf[]; version: number } = { shelves: [], version: 0 }
  const choose: Choose = (shelves, { version }) => {
    current = { shelves, version }
    return []
  }
  await expectReader(kernel, access, null)
  await recall(kernel, access, null, subjects, choose, () => null, interest)
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
  const call = action === null ? callRead : callDisclosing
  return call<ReadingRow>(kernel, access, access.scope.reach === 'all' ? 'wide_recall' : 'recall', [
    action ?? 'memory.list',
    byteaArray(open.map(({ subject }) => subject)),
    int8Array(open.map(({ shelf }) => shelf.version)),
    exact,
    uuidArray(chosen.map(({ id }) => id)),
    byteaArray(shelves.map((tag) => Buffer.from(tag, 'hex'))),
  ])
}

/** One that does not open is left out and counted; what the call may not see is refused. */
async function openMemories(
  kernel: Kernel,
  access: Access,
  subjects: readonly Buffer[],
  rows: readonly ReadingRow[],
  chosen: readonly ShelfEntry[],
  names: (subject: Buffer) => string | null,
): Promise<Memory[]> {
  const opener = new RowOpener(access.keys, access.claims)
  const found = new Map<string, ReadingRow>()
  for (const row of rows) if (row.part === parts.memory) found.set(row.id, row)
  for (const row of found.values()) refuseBeyond(access, subjects, row)
  const wanted = chosen.map(({ id }) => found.get(id)).filter((row) => row !== undefined)
  try {
    return await opener.openMemories(wanted, names)
  } catch (error) {
    if (!isBroken(error)) throw error
  }
  // One at a time, to find which: the others are an answer all the same.
  const memories: Memory[] = []
  for (const row of wanted) {
    try {
      memories.push(...(await opener.openMemories([row], names)))
    } catch (error) {
      if (!isBroken(error)) throw error
      kernel.shelves.countBroken(1)
    }
  }
  return memories
}

/** A digest has all that ranking reads of a shelf. */
function rankable({ held, digest }: OpenShelves): Shelf[] {
  const shelves = held.map(({ shelf }) => shelf)
  return digest === null ? shelves : [...shelves, digest as unknown as Shelf]
}
