import type { WordScores } from './bm25.ts'
import { cosines } from './cosine.ts'
import type { Selection } from './selection.ts'
import { type Scale, scaleOf, zScore } from './z-score.ts'

/** How well the selected rows of one shelf answer, before anything else counts. */
export interface Relevance {
  /** Slots of the rows that answer at all, each once. */
  readonly slots: readonly number[] | Uint32Array
  readonly answers: (slot: number) => boolean
  /** The sum of both parts by slot; at most 0 for rows that do not answer. */
  readonly sums: Float64Array
  readonly termsAt: (slot: number) => number
  /** Null: the query has no vector. */
  readonly vectorAt: ((slot: number) => number) | null
}

/** BM25 as it is. */
export function byWords(words: readonly WordScores[]): Relevance[] {
  return words.map(({ slots, scores }) => ({
    slots,
    answers: (slot) => scores[slot] !== 0,
    sums: scores,
    termsAt: (slot) => scores[slot]!,
    vectorAt: null,
  }))
}

/** The sum of the z-scores of BM25 and of cosine. Rows without a vector stand at the mean of the cosines. */
export function byWordsAndVector(
  selections: readonly Selection[],
  words: readonly WordScores[],
  query: Float32Array,
  model: string | null,
): Relevance[] {
  const near = selections.map((selection) => cosines(selection, query, model))
  const termScale = termScaleOf(selections, words)
  const vectorScale = scaleOf(near, 0)
  return words.map(({ scores }, place) => {
    const cosine = near[place]!
    const termsAt = (slot: number) => zScore(scores[slot]!, termScale)
    const vectorAt = (slot: number) => (Number.isNaN(cosine[slot]) ? 0 : zScore(cosine[slot]!, vectorScale))
    const answers = (slot: number) => scores[slot] !== 0 || !Number.isNaN(cosine[slot])
    const slots = new Uint32Array(scores.length)
    const sums = new Float64Array(scores.length)
    let size = 0
    // Every row of the shelf passes here: no call, and each scale in a name of its own.
    const { mean: termMean, inverseDeviation: termUnit } = termScale
    const { mean: vectorMean, inverseDeviation: vectorUnit } = vectorScale
    for (let slot = 0; slot < sums.length; slot++) {
      const score = scores[slot]!
      const near = cosine[slot]!
      const has = !Number.isNaN(near)
      sums[slot] = (score - termMean) * termUnit + (has ? (near - vectorMean) * vectorUnit : 0)
      if (has || score !== 0) slots[size++] = slot
    }
    return { slots: slots.subarray(0, size), answers, sums, termsAt, vectorAt }
  })
}

/** The scale of BM25 over all selected rows, those that share no term at 0. */
export function termScaleOf(selections: readonly Selection[], words: readonly WordScores[]): Scale {
  const shared = words.map(({ slots, scores }) => {
    const values = new Float64Array(slots.length)
    for (let at = 0; at < values.length; at++) values[at] = scores[slots[at]!]!
    return values
  })
  const rows = selections.reduce((sum, selection) => sum + selection.rows, 0)
  return scaleOf(shared, rows - shared.reduce((sum, { length }) => sum + length, 0))
}
