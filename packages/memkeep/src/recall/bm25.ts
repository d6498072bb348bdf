import type { Postings } from './postings.ts'
import type { Shelf } from './shelf.ts'

const saturation = 1.2
const lengthWeight = 0.75

/** What the words of a query give the rows of one shelf. */
export interface WordScores {
  readonly shelf: Shelf
  /** Live slots that share a term, each once. */
  readonly slots: readonly number[]
  /** Score by slot: above 0 for `slots`, 0 for all others. */
  readonly scores: Float64Array
}

/**
 * Okapi BM25 (k1 1.2, b 0.75; idf ln(1 + (N - n + ½) / (n + ½)); a term that stands twice in the query counts twice).
 * Statistics are those of every row of `shelves` that has not expired. One result per shelf, in their order.
 */
export function wordScores(shelves: readonly Shelf[], terms: ReadonlyMap<string, number>, nowMs: number): WordScores[] {
  let rows = 0
  let length = 0
  for (const shelf of shelves) {
    const census = shelf.census(nowMs)
    rows += census.rows
    length += census.length
  }
  const results = shelves.map((shelf) => ({ shelf, slots: [] as number[], scores: new Float64Array(shelf.slots) }))
  for (const [term, weight] of terms) {
    let holders = 0
    for (const shelf of shelves) holders += liveHolders(shelf, shelf.postings(term), nowMs)
    if (holders === 0) continue
    const idf = Math.log(1 + (rows - holders + 0.5) / (holders + 0.5))
    const gain = weight * idf * (saturation + 1)
    for (const result of results) addTerm(result, term, gain, length / rows, nowMs)
  }
  return results
}

function liveHolders(shelf: Shelf, postings: Postings | undefined, nowMs: number): number {
  if (!postings) return 0
  if (shelf.isFresh(nowMs)) return postings.size
  let live = 0
  for (let at = 0; at < postings.size * 2; at += 2) if (shelf.isLive(postings.pairs[at]!, nowMs)) live++
  return live
}

function addTerm(
  { shelf, slots, scores }: { shelf: Shelf; slots: number[]; scores: Float64Array },
  term: string,
  gain: number,
  averageLength: number,
  nowMs: number,
): void {
  const postings = shelf.postings(term)
  if (!postings) return
  const { pairs, size } = postings
  for (let at = 0; at < size * 2; at += 2) {
    const slot = pairs[at]!
    if (!shelf.isLive(slot, nowMs)) continue
    const count = pairs[at + 1]!
    if (scores[slot] === 0) slots.push(slot)
    const damping = saturation * (1 - lengthWeight + (lengthWeight * shelf.lengthAt(slot)) / averageLength)
    scores[slot]! += (gain * count) / (count + damping)
  }
}
