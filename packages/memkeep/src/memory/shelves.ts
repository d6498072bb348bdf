import { MemkeepError, type MemkeepErrorCode } from '../core/errors.ts'
import { sensitivities } from '../core/labels.ts'
import { rightBits } from '../core/rights.ts'
import { forgetDimensions } from '../recall/embedder.ts'
import { Shelf } from '../recall/shelf.ts'
import type { LoadControl } from '../recall/shelf-cache.ts'
import { type Interest, ShelfDigest } from '../recall/shelf-digest.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import type { Access } from './access.ts'
import { modelName } from './index-of.ts'
import type { Kernel } from './kernel.ts'
import { openEntries } from './open-entries.ts'
import { PagesTogether } from './pages-together.ts'
import { shelfPages } from './shelf-pages.ts'
import type { WriteAnswer } from './write.ts'

/** A shelf as one clearance sees it. Its version may be behind: `recall` says so. */
export interface OpenShelf {
  readonly subject: Buffer
  readonly shelf: Shelf
}

/** The shelves of one operation. */
export interface OpenShelves {
  /** Those in memory: to be checked for changes, and brought up to date. */
  readonly held: readonly OpenShelf[]
  /** Of those for which there is no room. Read after the operation began, so it is current enough and need not be checked. */
  readonly digest: ShelfDigest | null
  /** The version of the only shelf, whether it is held or not. */
  readonly version: number
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

/** Loads of one operation that are under way at a time: as long as nothing is known of how large its shelves are, and at the most. */
const [fewLoads, mostLoads] = [4, 64]

/**
 * Opens shelves, loading those that are not held. Those for which the budget has no room (or for one operation not more than
 * half of it) are read page by page into a digest of what `interest` says, and nothing else of them is kept.
 * Throws `ERR_ABORTED` when `signal` is aborted; loads that others wait for go on.
 */
export async function readShelves(
  kernel: Kernel,
  access: Access,
  subjects: readonly Buffer[],
  interest: Interest,
  signal?: AbortSignal,
): Promise<OpenShelves> {
  const found = new Array<Shelf | null>(subjects.length).fill(null)
  const most = kernel.shelves.stats.budgetBytes / 2
  const together = access.scope.reach === 'all' ? new PagesTogether(kernel, access) : null
  let [at, bytes, largest] = [0, 0, 0]
  while (at < subjects.length && bytes < most) {
    const number = largest === 0 ? fewLoads : Math.max(1, Math.min(mostLoads, Math.floor((most - bytes) / largest)))
    const some = subjects.slice(at, at + number)
    const shelves = await Promise.all(some.map((subject) => load(kernel, access, subject, together, signal)))
    for (const shelf of shelves) {
      found[at++] = shelf
      bytes += shelf?.bytes ?? 0
      largest = Math.max(largest, shelf?.bytes ?? 0)
    }
  }
  // No more is loaded; what is in memory anyway need not be streamed.
  for (; at < subjects.length; at++) found[at] = kernel.shelves.get(shelfKey(access, subjects[at]!)) ?? null
  const held = subjects.flatMap((subject, at) => (found[at] ? [{ subject, shelf: found[at] }] : []))
  const large = subjects.filter((_, at) => !found[at])
  if (large.length === 0) return { held, digest: null, version: held[0]?.shelf.version ?? 0 }
  const { digest, version } = await digestOf(kernel, access, large, interest, signal)
  return { held, digest, version: held[0]?.shelf.version ?? version }
}

/** Shares a load with others who ask, and its failure only where that is theirs too: who was refused fails nobody else. */
async function load(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  together: PagesTogether | null,
  signal: AbortSignal | undefined,
): Promise<Shelf | null> {
  for (;;) {
    let isOwn = false
    const read = (control: LoadControl) => {
      isOwn = true
      return readShelf(kernel, access, subject, together, control)
    }
    try {
      return await kernel.shelves.load(shelfKey(access, subject), read, signal)
    } catch (error) {
      if (isOwn || signal?.aborted || failsAll(error)) throw error
    }
  }
}

/** What does not depend on who asks: that the store, the keys or the audit cannot be reached, or this keep is closed. */
function failsAll(error: unknown): boolean {
  if (!(error instanceof MemkeepError)) return false
  return error.code.startsWith('ERR_STORE_') || everyones.includes(error.code)
}

const everyones: readonly MemkeepErrorCode[] = ['ERR_KEY_UNAVAILABLE', 'ERR_AUDIT_UNAVAILABLE', 'ERR_CLOSED']

async function readShelf(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  together: PagesTogether | null,
  { fits, signal }: LoadControl,
): Promise<Shelf | null> {
  let shelf: Shelf | null = null
  for await (const { version, entries } of shelfPages(kernel, access, subject, 'asItWas', together)) {
    signal.throwIfAborted()
    shelf ??= new Shelf(version)
    for (const entry of entries) shelf.put(entry)
    if (!fits(shelf.bytes)) return null
  }
  return shelf
}

function digestOf(
  kernel: Kernel,
  access: Access,
  subjects: readonly Buffer[],
  interest: Interest,
  signal: AbortSignal | undefined,
): Promise<{ digest: ShelfDigest; version: number }> {
  const read = async (keeps: (bytes: number) => void) => {
    const digest = new ShelfDigest(interest)
    let last = 0
    for (const subject of subjects) {
      for await (const { version, entries, late } of shelfPages(kernel, access, subject, 'toTheEnd')) {
        if (signal?.aborted) throw new MemkeepError('ERR_ABORTED', 'the call was aborted', { cause: signal.reason })
        digest.remove(late)
        digest.add(entries)
        keeps(digest.bytes)
        last = version
      }
    }
    return { digest, version: last }
  }
  return kernel.shelves.stream(shelfKey(access, subjects[0]!), read, signal)
}

/** The database answered what was asked about these shelves then, and did not refuse. */
export function confirmShelves(kernel: Kernel, access: Access, open: readonly OpenShelf[], askedMs: number): void {
  for (const { subject, shelf } of open) kernel.shelves.confirm(shelfKey(access, subject), shelf, askedMs)
}

/** Brings shelves up to date with a `stale` answer. One that changed too much to tell is dropped, to be loaded anew. */
export async function applyChanges(
  kernel: Kernel,
  access: Access,
  open: readonly OpenShelf[],
  rows: readonly ReadingRow[],
): Promise<void> {
  for (const { subject, shelf } of open) {
    const key = shelfKey(access, subject)
    const moved = rows.find((row) => row.part === parts.shelf && row.subject.equals(subject))
    if (moved === undefined) continue
    if (moved.shelf_version < 0) {
      kernel.shelves.drop(key)
      continue
    }
    const own = rows.filter((row) => row.part >= parts.entry && row.subject.equals(subject))
    const changed = own.filter((row) => row.part === parts.entry)
    const { entries, broken } = await openEntries(kernel, access, subject, changed)
    // From here on without a pause: another operation of this process may have brought the shelf further meanwhile.
    if (shelf.version >= moved.shelf_version) continue
    for (const row of own) if (row.part === parts.removed) shelf.remove(row.id)
    // What stood there before is not what stands there now.
    for (const id of broken) shelf.remove(id)
    for (const entry of entries) shelf.put(entry)
    shelf.version = moved.shelf_version
    if (kernel.shelves.peek(key) === shelf) kernel.shelves.put(key, shelf)
  }
}

/**
 * Puts an own write on the held shelf, when that shelf stood at the version before it and nothing but that write changed on it. Else the
 * next recall brings it.
 */
export function noteWrite(
  kernel: Kernel,
  access: Access,
  { shelfVersion: newVersion, lowered }: Pick<WriteAnswer, 'shelfVersion' | 'lowered'>,
  change: (shelf: Shelf, sees: (sensitivity: (typeof sensitivities)[number]) => boolean) => void,
): void {
  if (newVersion === null || lowered > 0) return
  const key = shelfKey(access, access.shelf)
  const shelf = kernel.shelves.peek(key)
  if (shelf === undefined || shelf.version !== newVersion - 1) return
  change(shelf, (sensitivity) => (access.claims.clearance & (1 << sensitivities.indexOf(sensitivity))) !== 0)
  shelf.version = newVersion
  kernel.shelves.put(key, shelf)
}

/**
 * Whether a vector that is about to be stored can be ranked with those of its model on the shelf, as far as this process holds it. Where it cannot, what was known of the embedder's
 * dimension is forgotten: the shelf knows better.
 */
export function fitsShelf({ embedder, shelves }: Kernel, access: Access, vector: Float32Array | null): boolean {
  const shelf = shelves.peek(shelfKey(access, access.shelf))
  if (embedder === null || vector === null || shelf === undefined) return true
  const model = modelName(embedder)
  const used = shelf.blocks.filter((block) => block.model === model && !block.isEmpty)
  if (used.length === 0 || used.some(({ dims }) => dims === vector.length)) return true
  forgetDimensions(embedder)
  return false
}

/** As `fitsShelf`. Throws `ERR_EMBEDDER`. */
export function expectFit(kernel: Kernel, access: Access, vector: Float32Array | null): void {
  if (fitsShelf(kernel, access, vector)) return
  throw new MemkeepError(
    'ERR_EMBEDDER',
    'the embedder answered in another dimension than its vectors on this shelf have',
  )
}
