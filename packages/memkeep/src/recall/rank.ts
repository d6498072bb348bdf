import { Best } from './best.ts'
import { type WordScores, wordScores } from './bm25.ts'
import { cosines } from './cosine.ts'
import { type Filter, passes } from './filter.ts'
import { Selection } from './selection.ts'
import type { Shelf, ShelfEntry } from './shelf.ts'
import { scaleOf, zScore } from './z-score.ts'

/** `vector`, of length 1, was made by `model`; both null where there is no embedder. */
export interface Query {
  readonly terms: ReadonlyMap<string, number>
  readonly vector: Float32Array | null
  readonly model: string | null
}

/** Scores order one answer and mean nothing beyond it. `parts` add up to `score`: `terms`, and `vector` when the query has one. */
export interface Ranked {
  readonly entry: ShelfEntry
  readonly score: number
  readonly parts: { readonly [part: string]: number }
}

interface Candidate {
  readonly entry: ShelfEntry
  readonly score: number
  readonly terms: number
  readonly vector: number | null
}

/**
 * The best `limit` entries that pass the filter, best first; of equal ones the newer first, then the later id. Only rows that
 * share a term with the query, or have a vector when it has one. Without a query vector the score is BM25 alone; with one
 * it is the sum of the z-scores of BM25 and of cosine, a row without a vector standing at the mean of the cosines.
 *
 * Term statistics and z-scores are taken over the rows that pass the filter and no others: the answer is the one that
 * shelves holding nothing else would give. So no score tells of a row that the filter hides, and it may carry a bound that
 * the caller did not choose (the session of a scope, say). A filter that narrows nothing costs nothing.
 *
 * Throws `ERR_EMBEDDER_MISMATCH` when the query has a vector and a row that passes has one of another model.
 */
export function rank(shelves: readonly Shelf[], query: Query, filter: Filter, limit: number): Ranked[] {
  const selections = shelves.map((shelf) => new Selection(shelf, filter))
  const words = wordScores(selections, query.terms)
  const best = new Best<Candidate>(limit, betterFirst)
  if (query.vector === null) offerByWords(best, selections, words)
  else offerFused(best, selections, words, query.vector, query.model)
  return best.sorted().map(({ entry, score, terms, vector }) => ({
    entry,
    score,
    parts: vector === null ? { terms } : { terms, vector },
  }))
}

function offerByWords(best: Best<Candidate>, selections: readonly Selection[], words: readonly WordScores[]): void {
  selections.forEach(({ shelf }, place) => {
    const { slots, scores } = words[place]!
    for (const slot of slots) {
      const score = scores[slot]!
      if (score < (best.worst?.score ?? 0)) continue
      best.offer({ entry: shelf.at(slot)!, score, terms: score, vector: null })
    }
  })
}

function offerFused(
  best: Best<Candidate>,
  selections: readonly Selection[],
  words: readonly WordScores[],
  query: Float32Array,
  model: string | null,
): void {
  const near = selections.map((selection) => cosines(selection, query, model))
  const shared = words.flatMap(({ slots, scores }) => slots.map((slot) => scores[slot]!))
  const rows = selections.reduce((sum, selection) => sum + selection.rows, 0)
  const termScale = scaleOf([shared], rows - shared.length)
  const vectorScale = scaleOf(near, 0)
  selections.forEach(({ shelf }, place) => {
    const { scores } = words[place]!
    for (let slot = 0; slot < scores.length; slot++) {
      const cosine = near[place]![slot]!
      if (scores[slot] === 0 && Number.isNaN(cosine)) continue
      const terms = zScore(scores[slot]!, termScale)
      const vector = Number.isNaN(cosine) ? 0 : zScore(cosine, vectorScale)
      const score = terms + vector
      if (score < (best.worst?.score ?? Number.NEGATIVE_INFINITY)) continue
      best.offer({ entry: shelf.at(slot)!, score, terms, vector })
    }
  })
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
