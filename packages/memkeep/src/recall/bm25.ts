import type { Postings } from './postings.ts'
import type { Selection } from './selection.ts'

const saturation = 1.2
const lengthWeight = 0.75

/** What the words of a query give the selected rows of one shelf. */
export interface WordScores {
  /** Slots of the rows that share a term, each once. */
  readonly slots: number[]
  /** Score by slot: above 0 for `slots`, 0 for all others. */
  readonly scores: Float64Array
}

/**
 * Okapi BM25 (k1 1.2, b 0.75; idf ln(1 + (N - n + ½) / (n + ½)); a term that stands twice in the query counts twice).
 * Statistics are those of all selected rows together. One result per selection, in their order. Rows that share no term
 * are not visited.
 */
export function wordScores(selections: readonly Selection[], terms: ReadonlyMap<string, number>): WordScores[] {
  const rows = selections.reduce((sum, selection) => sum + selection.rows, 0)
  const averageLength = selections.reduce((sum, selection) => sum + selection.length, 0) / rows
  const results = selections.map(({ shelf }) => ({ slots: [], scores: new Float64Array(shelf.slots) }))
  for (const [term, weight] of terms) {
    const found = selections.map(({ shelf }) => shelf.postings(term))
    const holders = selections.reduce((sum, selection, place) => sum + count(selection, found[place]), 0)
    if (holders === 0) continue
    const idf = Math.log(1 + (rows - holders + 0.5) / (holders + 0.5))
    const gain = weight * idf * (saturation + 1)
    selections.forEach((selection, place) => {
      addTerm(results[place]!, selection, found[place], gain, averageLength)
    })
  }
  return results
}

/** How many selected rows hold a term. */
function count(selection: Selection, postings: Postings | undefined): number {
  if (postings === undefined || selection.isWhole) return postings?.size ?? 0
  let holders = 0
  for (let at = 0; at < postings.size * 2; at += 2) if (selection.has(postings.pairs[at]!)) holders++
  return holders
}

function addTerm(
  { slots, scores }: WordScores,
  selection: Selection,
  postings: Postings | undefined,
  gain: number,
  averageLength: number,
): void {
  if (postings === undefined) return
  const { shelf } = selection
  const { pairs, size } = postings
  for (let at = 0; at < size * 2; at += 2) {
    const slot = pairs[at]!
    if (!selection.has(slot)) continue
    const times = pairs[at + 1]!
    if (scores[slot] === 0) slots.push(slot)
    const damping = saturation * (1 - lengthWeight + (lengthWeight * shelf.lengthAt(slot)) / averageLength)
    scores[slot]! += (gain * times) / (times + damping)
  }
}
