import type { Memory } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { encodeEntry, type IndexEntry, type ModelVector } from '../recall/index-entry.ts'
import type { ShelfEntry } from '../recall/shelf.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { byteaArray, int8Array, uuidArray } from '../store/wire-arrays.ts'
import { type Access, callRead, withAccess, writeDetail } from './access.ts'
import { askInVain } from './denied.ts'
import { vectorsOfEach } from './embed-each.ts'
import { embeddedText, indexOf, modelName, modelOf, shelfEntry } from './index-of.ts'
import { checkSignal } from './input.ts'
import type { Kernel } from './kernel.ts'
import { isBroken } from './open-entries.ts'
import { expectOutcome } from './outcome.ts'
import { RowOpener, sealEntry } from './row.ts'
import { shelfPages } from './shelf-pages.ts'
import { noteWrite } from './shelves.ts'
import { detailsOf, labelsFrom } from './update.ts'
import { callWrite } from './write.ts'

/** What was done on a shelf, or on several. */
export interface Tally {
  entries: number
  reembedded: number
  left: number
  readonly broken: string[]
  /** Ids of those that the embedder makes no vector of. */
  readonly refused: string[]
  /** Without a vector, which another model is to make. */
  elsewhere: number
}

/** What a run goes by. */
export interface ReembedRun {
  /** Of the embedder's vectors; null without an embedder. */
  readonly dims: number | null
  readonly dropFormer: boolean
  /** Only what has no vector and waits for this model's: nothing is changed from one model to another. */
  readonly waitingOnly?: boolean
  readonly signal: AbortSignal | undefined
  /** Called after each batch, with what this shelf counts so far. */
  readonly tell: (soFar: Readonly<Tally>) => void
}

/** A run on one shelf. */
interface ShelfRun extends ReembedRun {
  readonly tally: Tally
}

/** Memories embedded and written at a time: what is lost when the process is killed. */
const batchSize = 64

/** One shelf: the scope's own. Reads page by page what entries there are, and writes those anew that lack something. */
export function reembedShelf(kernel: Kernel, scope: ScopeClaims, given: ReembedRun): Promise<Tally> {
  // What an attempt wrote stays written when the policy changes under it; the next one looks at every entry again.
  let before = 0
  return withAccess(kernel, scope, async (access) => {
    await refuseTheUnfit(kernel, access)
    const tell = (soFar: Readonly<Tally>) => {
      before = soFar.reembedded
      given.tell(soFar)
    }
    return reembedOpen(kernel, access, { ...given, tell }, before)
  })
}

/** As `reembedShelf`, under an access that stands. `before` is what an earlier attempt wrote. */
export async function reembedOpen(kernel: Kernel, access: Access, given: ReembedRun, before = 0): Promise<Tally> {
  const tally = { entries: 0, reembedded: before, left: 0, broken: [], refused: [], elsewhere: 0 }
  const run: ShelfRun = { ...given, tally }
  for await (const page of shelfPages(kernel, access, access.shelf, 'asItWas')) {
    run.tally.entries += page.entries.length
    run.tally.broken.push(...page.broken)
    run.tally.elsewhere += page.entries.filter(({ index }) => waits(index) && index.model !== modelOf(kernel)).length
    const lacking = page.entries.filter((entry) => lacks(kernel, run, entry.index))
    for (let from = 0; from < lacking.length; from += batchSize) {
      kernel.checkOpen()
      checkSignal(run.signal)
      await reindex(kernel, access, run, lacking.slice(from, from + batchSize))
      run.tell(run.tally)
    }
  }
  return run.tally
}

/** A model is to make its vector, and has not yet. */
function waits({ model, vector }: IndexEntry): boolean {
  return model !== null && vector === null
}

/** The doorway would refuse each batch: it says so, and records it, before anything is read. */
export async function refuseTheUnfit(kernel: Kernel, access: Access): Promise<void> {
  const { rights, clearance, writable } = access.claims
  if ((rights & rightBits.write) !== 0 && clearance === 0b111 && writable === 0b111) return
  await askInVain(kernel, access, 'reindex', [[], [], []])
}

function isOwn(kernel: Kernel, { dims }: ReembedRun, made: ModelVector | undefined): boolean {
  return made !== undefined && made.model === modelOf(kernel) && made.vector.length === dims
}

function ownOf({ model, vector }: IndexEntry): ModelVector | undefined {
  return model === null || vector === null ? undefined : { model, vector }
}

function lacks(kernel: Kernel, run: ReembedRun, index: IndexEntry): boolean {
  if (run.waitingOnly === true) return waits(index) && index.model === modelOf(kernel)
  return (
    (kernel.embedder !== null && !isOwn(kernel, run, ownOf(index))) ||
    (kernel.languages && index.language === null) ||
    (run.dropFormer && index.former !== undefined)
  )
}

async function reindex(kernel: Kernel, access: Access, run: ShelfRun, entries: readonly ShelfEntry[]): Promise<void> {
  const found = await embedded(kernel, run, await readMemories(kernel, access, run, entries))
  if (found.length === 0) return
  const key = await access.keys.forWriting(access.shelf)
  const drafts = found.map((each) => {
    const labels = labelsFrom(each.memory)
    const index = indexAnew(kernel, run, each)
    return { labels, index, isRefused: each.isRefused, sealed: sealEntry(key, labels, encodeEntry(index)) }
  })
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const answer = await callWrite(kernel, access, key, {
    doorway: 'reindex',
    event,
    atMs,
    args: [
      uuidArray(drafts.map(({ labels }) => labels.id)),
      drafts.map(({ labels }) => labels.version),
      byteaArray(drafts.map(({ sealed }) => sealed)),
      writeDetail(access, key, event),
    ],
  })
  if (expectOutcome(answer.outcome, 'ok', 'missing') === 'missing') return
  const done = new Set(answer.ids)
  run.tally.reembedded += drafts.filter(({ labels, isRefused }) => done.has(labels.id) && !isRefused).length
  run.tally.left += drafts.length - done.size
  if (done.size === 0) return
  noteWrite(kernel, access, answer, (shelf) => {
    for (const { labels, index } of drafts) if (done.has(labels.id)) shelf.put(shelfEntry(labels, access.shelf, index))
  })
}

/** Each with its vector. One that was refused before, and is again, is as it should be already: it is not among them. */
async function embedded(kernel: Kernel, run: ShelfRun, found: readonly Found[]): Promise<Embedded[]> {
  const wanting = found.filter(({ entry }) => vectorAtHand(kernel, run, entry.index) === null)
  const texts = wanting.map(({ memory }) => embeddedText(memory))
  const made = await vectorsOfEach(kernel, texts, run.signal)
  const vectors = new Map(wanting.map(({ entry }, place) => [entry.id, made[place]!]))
  const all = found.map((each) => {
    const vector = vectors.get(each.entry.id) ?? null
    return { ...each, made: vector === 'refused' ? null : vector, isRefused: vector === 'refused' }
  })
  for (const { entry, isRefused } of all) if (isRefused) run.tally.refused.push(entry.id)
  return all.filter(({ entry, isRefused }) => !(isRefused && isSettled(kernel, run, entry.index)))
}

function isSettled(kernel: Kernel, run: ShelfRun, { model, vector, language, former }: IndexEntry): boolean {
  const hasStems = !kernel.languages || language !== null
  return model === null && vector === null && hasStems && !(run.dropFormer && former !== undefined)
}

interface Found {
  readonly entry: ShelfEntry
  readonly memory: Memory
}

interface Embedded extends Found {
  /** Null: it has one already, it was refused, or there is no embedder. */
  readonly made: Float32Array | null
  readonly isRefused: boolean
}

/** What the entries are of, as far as it stands in the same version and opens. */
async function readMemories(
  kernel: Kernel,
  access: Access,
  { tally }: ShelfRun,
  entries: readonly ShelfEntry[],
): Promise<Found[]> {
  const none = [byteaArray([]), int8Array([]), false]
  const ids = uuidArray(entries.map(({ id }) => id))
  const rows = await callRead<ReadingRow>(kernel, access, 'recall', [
    'memory.list',
    ...none,
    ids,
    byteaArray([access.shelf]),
  ])
  expectOutcome(rows.find((row) => row.part === parts.outcome)?.outcome, 'ok')
  const opener = new RowOpener(access.keys, access.claims)
  const found: Found[] = []
  for (const entry of entries) {
    const row = rows.find(
      ({ part, id, version }) => part === parts.memory && id === entry.id && version === entry.version,
    )
    if (row === undefined) {
      tally.left++
      continue
    }
    try {
      const [memory] = await opener.openMemories([row], () => null)
      found.push({ entry, memory: memory! })
    } catch (error) {
      if (!isBroken(error)) throw error
      tally.broken.push(entry.id)
    }
  }
  return found
}

/** The vector of the kernel's model that stands on the entry already, also in the place of the former. */
function vectorAtHand(kernel: Kernel, run: ReembedRun, index: IndexEntry): ModelVector | null {
  const at = [ownOf(index), index.former].find((made) => isOwn(kernel, run, made))
  return at ?? null
}

/** Without an embedder what vectors there are stay as they are. What it refuses names no model: it waits for none. */
function indexAnew(kernel: Kernel, run: ShelfRun, { entry, memory, made, isRefused }: Embedded): IndexEntry {
  const old = entry.index
  const vector = vectorAtHand(kernel, run, old)?.vector ?? made
  const more = { atMs: memory.at.getTime(), importance: memory.importance }
  const { former: _, ...index } = indexOf(kernel, memory.content, detailsOf(memory), vector, more)
  const kept = kernel.embedder === null ? { model: old.model, vector: old.vector } : {}
  const own = isRefused ? { model: null, vector: null } : kept
  const former = run.dropFormer ? undefined : formerOf(kernel, old, 'model' in own ? own.model : index.model)
  return { ...index, ...own, ...(former === undefined ? {} : { former }) }
}

/** What whoever searches with another model still needs: the vector of the former embedder, else what stood there first. */
function formerOf(kernel: Kernel, old: IndexEntry, model: string | null): ModelVector | undefined {
  const others = [ownOf(old), old.former].filter((made) => made !== undefined && made.model !== model)
  const wanted = kernel.formerEmbedder ? modelName(kernel.formerEmbedder) : null
  return others.find((made) => made?.model === wanted) ?? others[0]
}
