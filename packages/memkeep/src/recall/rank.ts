import { Best } from './best.ts'
import { wordScores } from './bm25.ts'
import { allHave } from './cosine.ts'
import { type Filter, passes } from './filter.ts'
import type { ModelVector } from './index-entry.ts'
import type { Languages } from './languages.ts'
import { borrowers, lentTo, share } from './lent.ts'
import { Preference, type Weights } from './preference.ts'
import { byWords, byWordsAndVector, type Relevance, termScaleOf } from './relevance.ts'
import { Selection } from './selection.ts'
import { sharpenContenders } from './sharpen.ts'
import type { Shelf, ShelfEntry } from './shelf.ts'

/** `vector`, of length 1, was made by `model`; both null where there is no embedder. */
export interface Query {
  /** Its words as `termsOf` counts them. */
  readonly terms: ReadonlyMap<string, number>
  /** For rows that hold stems: how to make them. Without it words are looked for as they are. */
  readonly languages?: Languages | null
  readonly vector: Float32Array | null
  readonly model: string | null
  /** What the former model made of the same words: asked with while not every row has a vector of `model`. */
  readonly former?: ModelVector
}

/**
 * Scores order one answer and mean nothing beyond it. `parts` add up to `score`, in their order: `terms`; `vector` when the
 * query has one; `neighbour` where one lends; `recency` and `importance` when they are given a weight.
 */
export interface Ranked {
  readonly entry: ShelfEntry
  readonly score: number
  readonly parts: { readonly [part: string]: number }
}

/**
 * The best `limit` entries that pass the filter, best first; of equal ones the newer first, then the later id. Only rows that
 * share a term with the query, or have a vector when it has one, or stand beside such a row in a session.
 *
 * The relevance of a row is its BM25 without a query vector; with one it is the sum of the z-scores of BM25 and of cosine, a
 * row without a vector standing at the mean of the cosines. To it comes a quarter of the relevance of its better neighbour
 * in the same session, when that is above 0; and recency and importance, when `weights` are given.
 *
 * Term statistics, z-scores and neighbours are those of the rows that pass the filter and no others: the answer is the one
 * that shelves holding nothing else would give. So no score tells of a row that the filter hides, and it may carry a bound
 * that the caller did not choose (the session of a scope, say). A filter that narrows nothing costs nothing.
 *
 * Cosines of what may be returned are of all 16 bits of the vectors; of more than 256 rows mean and deviation are those of the high
 * bytes. Both are the same whether a shelf is held or was streamed.
 *
 * With `former` the query's own vector counts when every row that passes and has a vector has one of its model, the former
 * one when not. Throws `ERR_EMBEDDER_MISMATCH` when the vector that counts is not of a model that all these rows have.
 */
export function rank(
  shelves: readonly Shelf[],
  query: Query,
  filter: Filter,
  limit: number,
  weights: Weights = {},
): Ranked[] {
  const selections = shelves.map((shelf) => new Selection(shelf, filter))
  const words = wordScores(selections, query.terms, query.languages ?? null)
  const asked = vectorThatCounts(selections, query)
  const relevances = asked === null ? byWords(words) : byWordsAndVector(selections, words, asked.vector, asked.model)
  // With words alone the relevance is not in deviations: its own one is the unit then.
  const unit = () => (query.vector === null ? 1 / (termScaleOf(selections, words).inverseDeviation || 1) : 1)
  const preference = Preference.of(weights, filter.nowMs, unit)
  const best = new Best<Candidate>(limit, betterFirst)
  sharpenContenders(selections, relevances, preference?.most ?? 0, limit)
  const bounds = boundsOf(relevances, limit)
  selections.forEach((selection, place) => {
    offer(best, { selection, relevance: relevances[place]!, preference }, bounds)
  })
  return best.sorted().map(explained)
}

function vectorThatCounts(
  selections: readonly Selection[],
  { vector, model, former }: Query,
): { readonly vector: Float32Array; readonly model: string | null } | null {
  if (vector === null) return null
  if (former === undefined || selections.every((each) => allHave(each, model, vector.length))) return { vector, model }
  return former
}

/** What is known of the scores before neighbours are looked at, which takes longer than all else. */
interface Bounds {
  /** At least as many rows as are wanted score as much. */
  readonly floor: number
  /** No row is lent more. */
  readonly lent: number
}

function boundsOf(relevances: readonly Relevance[], limit: number): Bounds {
  const best = new Best<number>(limit, (a, b) => b - a)
  let floor = Number.NEGATIVE_INFINITY
  for (const { slots, sums } of relevances) {
    for (let at = 0; at < slots.length; at++) {
      const sum = sums[slots[at]!]!
      if (sum <= floor) continue
      best.offer(sum)
      floor = best.worst ?? floor
    }
  }
  return { floor, lent: share * Math.max(0, best.sorted()[0] ?? 0) }
}

/** The rows of one shelf, and what counts for them. */
interface Field {
  readonly selection: Selection
  readonly relevance: Relevance
  readonly preference: Preference | null
}

interface Candidate {
  readonly entry: ShelfEntry
  readonly score: number
  readonly slot: number
  readonly field: Field
}

function offer(best: Best<Candidate>, field: Field, { floor, lent }: Bounds): void {
  const { selection, relevance, preference } = field
  const { shelf, hasTalks } = selection
  const { slots, sums } = relevance
  const preferred = preference?.most ?? 0
  let least = Math.max(floor, best.worst?.score ?? floor)
  const offerRow = (slot: number): void => {
    let score = sums[slot]!
    if (hasTalks) score += lentTo(slot, selection, relevance)
    if (score + preferred < least) return
    const entry = shelf.at(slot)!
    if (preference !== null) score = score + preference.recencyOf(entry) + preference.importanceOf(entry)
    best.offer({ entry, score, slot, field })
    least = Math.max(floor, best.worst?.score ?? floor)
  }
  const most = preferred + (hasTalks ? lent : 0)
  for (let at = 0; at < slots.length; at++) {
    const slot = slots[at]!
    if (sums[slot]! + most >= least) offerRow(slot)
  }
  if (hasTalks && most >= least) for (const slot of borrowers(selection, relevance, least - preferred)) offerRow(slot)
}

/** The same sum as in `offer`, part by part. */
function explained({ entry, score, slot, field }: Candidate): Ranked {
  const { selection, relevance, preference } = field
  const neighbour = selection.hasTalks ? lentTo(slot, selection, relevance) : 0
  const recency = preference?.recencyOf(entry) ?? 0
  const importance = preference?.importanceOf(entry) ?? 0
  const parts = {
    terms: relevance.termsAt(slot),
    ...(relevance.vectorAt === null ? {} : { vector: relevance.vectorAt(slot) }),
    ...(neighbour > 0 ? { neighbour } : {}),
    ...(recency > 0 ? { recency } : {}),
    ...(importance > 0 ? { importance } : {}),
  }
  return { entry, score, parts }
}

/**
 * The first `limit` entries that pass the filter in the order of `list`: newer first, then the later id
 * (a batch has one time, and its ids are in its order). With `after`, only those
 * that come behind that place, whether or not an entry still stands there.
 */
export function newestFirst(
  shelves: readonly Shelf[],
  filter: Filter,
  after: { readonly createdAtMs: number; readonly id: string } | null,
  limit: number,
): ShelfEntry[] {
  const best = new Best<ShelfEntry>(limit, newerFirst)
  for (const shelf of shelves) {
    for (const entry of shelf.entries()) {
      if (after !== null && newerFirst(entry, after) <= 0) continue
      if (passes(entry, filter)) best.offer(entry)
    }
  }
  return best.sorted()
}

type Place = Pick<ShelfEntry, 'createdAtMs' | 'id'>

function newerFirst(a: Place, b: Place): number {
  if (a.createdAtMs !== b.createdAtMs) return b.createdAtMs - a.createdAtMs
  if (a.id === b.id) return 0
  return a.id > b.id ? -1 : 1
}

function betterFirst(a: Candidate, b: Candidate): number {
  return b.score - a.score || newerFirst(a.entry, b.entry)
}
