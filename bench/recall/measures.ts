/** How one question was answered: shares of its evidence among the first 5 and 10, and 1 over the place of the first piece. */
export interface Hit {
  readonly recall5: number
  readonly recall10: number
  readonly reciprocalRank: number
}

export const measures = ['recall5', 'recall10', 'reciprocalRank'] as const
export type Measure = (typeof measures)[number]

/** `found`: ids, best first. Evidence beyond the last of them counts as not found. */
export function hitOf(found: readonly string[], evidence: readonly string[]): Hit {
  const among = (first: number) => evidence.filter((id) => found.slice(0, first).includes(id)).length / evidence.length
  const place = found.findIndex((id) => evidence.includes(id))
  return { recall5: among(5), recall10: among(10), reciprocalRank: place === -1 ? 0 : 1 / (place + 1) }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * The middle 95 % of the means of 10,000 resamples of `values`, drawn with replacement. The draws depend on the number of
 * values alone: the same values give the same interval. For a paired comparison give the differences, one for each question.
 */
export function interval(values: readonly number[]): readonly [number, number] {
  const next = drawer(values.length)
  const means = Array.from({ length: 10_000 }, () => {
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[next(values.length)]!
    return sum / values.length
  }).sort((a, b) => a - b)
  return [means[249]!, means[9749]!]
}

/** Whole numbers below a bound, always the same ones (mulberry32). */
function drawer(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}
