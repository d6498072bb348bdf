import type { WordScores } from './bm25.ts'
import { nearTo } from './cosine.ts'
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
  /** Times `reach`: what a sum that was not sharpened is off at most, for each slot below its length. Null: all are sharp. */
  readonly errors: Float32Array | null
  readonly reach: number
  /** Makes the sums of these rows those of all 16 bits of their vectors. */
  readonly sharpen: (slots: readonly number[]) => void
}

/** BM25 as it is. */
export function byWords(words: readonly WordScores[]): Relevance[] {
  return words.map(({ slots, scores }) => ({
    slots,
    answers: (slot) => scores[slot] !== 0,
    sums: scores,
    termsAt: (slot) => scores[slot]!,
    vectorAt: null,
    errors: null,
    reach: 0,
    sharpen: () => {},
  }))
}

/** With more vectors than that what a rough one is off does not show in their mean and deviation. */
const fewVectors = 256

/** The sum of the z-scores of BM25 and of cosine, on the scale of rough cosines where there are many. Rows without a vector stand at their mean. */
export function byWordsAndVector(
  selections: readonly Selection[],
  words: readonly WordScores[],
  query: Float32Array,
  model: string | null,
): Relevance[] {
  const near = selections.map((selection) => nearTo(selection, query, model))
  const termScale = termScaleOf(selections, words)
  const isSharp = hasFew(near.map(({ rough }) => rough))
  if (isSharp) for (const { values, sharpen } of near) sharpen([...values.keys()])
  const vectorScale = scaleOf(
    near.map(({ rough, values }) => (isSharp ? values : rough)),
    0,
  )
  return words.map(({ scores }, place) => {
    const { values: cosine, errors, reach, sharpen: sharpenCosines } = near[place]!
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
    const sharpen = (some: readonly number[]): void => {
      sharpenCosines(some)
      for (const slot of some) {
        const near = cosine[slot]!
        sums[slot] = (scores[slot]! - termMean) * termUnit + (Number.isNaN(near) ? 0 : (near - vectorMean) * vectorUnit)
      }
    }
    const known = { slots: slots.subarray(0, size), answers, sums, termsAt, vectorAt }
    return { ...known, errors: isSharp ? null : errors, reach: reach * vectorUnit, sharpen }
  })
}

function hasFew(lists: readonly Float64Array[]): boolean {
  let count = 0
  for (const list of lists) {
    for (let at = 0; at < list.length && count <= fewVectors; at++) if (!Number.isNaN(list[at]!)) count++
  }
  return count <= fewVectors
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
