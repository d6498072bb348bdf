/** The mean and spread of a set of values. */
export interface Scale {
  readonly mean: number
  /** 1 over the standard deviation; 0 when there is none to speak of. */
  readonly inverseDeviation: number
}

/** How far above the mean a value stands, in standard deviations; 0 when all values were one and the same. */
export function zScore(value: number, scale: Scale): number {
  return (value - scale.mean) * scale.inverseDeviation
}

/** A smaller deviation of cosines is their rounding: what it spread apart would be noise. */
const leastDeviation = 1e-4

/** The scale of all values in `lists` that are numbers, and of as many zeros beside them. */
export function scaleOf(lists: readonly Float64Array[], zeros: number): Scale {
  let count = zeros
  let sum = 0
  for (const list of lists) {
    for (let at = 0; at < list.length; at++) {
      const value = list[at]!
      if (Number.isNaN(value)) continue
      count++
      sum += value
    }
  }
  if (count === 0) return { mean: 0, inverseDeviation: 0 }
  const mean = sum / count
  // A second walk, not sums of squares: those would drown a small spread around a large mean.
  let squares = zeros * mean * mean
  for (const list of lists) {
    for (let at = 0; at < list.length; at++) {
      const value = list[at]!
      if (!Number.isNaN(value)) squares += (value - mean) ** 2
    }
  }
  const deviation = Math.sqrt(squares / count)
  return { mean, inverseDeviation: deviation < leastDeviation ? 0 : 1 / deviation }
}
