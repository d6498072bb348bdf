/** A share with the interval that holds the true one in 95 of 100 such samples (Wilson). */
export interface Share {
  readonly hits: number
  readonly of: number
  readonly low: number
  readonly high: number
}

const z = 1.959_963_984_540_054

export function shareOf(hits: number, of: number): Share {
  if (of === 0) return { hits, of, low: 0, high: 1 }
  const share = hits / of
  const middle = share + z ** 2 / (2 * of)
  const spread = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))
  const scale = 1 + z ** 2 / of
  return { hits, of, low: Math.max(0, (middle - spread) / scale), high: Math.min(1, (middle + spread) / scale) }
}

/** `87.5 % (81.2 to 91.9), 140 of 160` */
export function inWords({ hits, of, low, high }: Share): string {
  const percent = (value: number): string => (100 * value).toFixed(1)
  return of === 0 ? 'none' : `${percent(hits / of)} % (${percent(low)} to ${percent(high)}), ${hits} of ${of}`
}
