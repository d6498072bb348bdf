/** A query as the int8 kernel takes it. */
export interface QueryWholes {
  /** The query times `scale`, rounded. No dot product with int8 components leaves int32. */
  readonly wholes: Int16Array
  readonly scale: number
}

/** `query` is of length 1. At 384 dimensions it keeps about 17 bits of its length. */
export function queryWholes(query: Float32Array): QueryWholes {
  let largest = 0
  for (let i = 0; i < query.length; i++) largest = Math.max(largest, Math.abs(query[i]!))
  // A row is at most 128 * sqrt(dims) long. By Cauchy and Schwarz no dot product is larger than the product of both lengths, nor
  // is any part of its sum; half of the span of int32 is kept for rounding.
  const scale = Math.min(32_767 / largest, 2 ** 30 / (128 * Math.sqrt(query.length)))
  const wholes = new Int16Array(query.length)
  for (let i = 0; i < wholes.length; i++) wholes[i] = Math.round(query[i]! * scale)
  return { wholes, scale }
}
