/** Largest magnitude of a component: the span of int8 that has a sign-free middle. */
const top = 127

/**
 * The direction of `vector` in one signed byte per component, the largest of which has the magnitude 127. A vector of
 * length 1 comes back from `unquantised` with an error of at most 1/254 of its largest component each.
 * All zeros when `vector` is. Components must be finite.
 */
export function quantised(vector: Float32Array): Int8Array {
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  const bytes = new Int8Array(vector.length)
  if (largest === 0) return bytes
  for (let i = 0; i < vector.length; i++) bytes[i] = Math.round((vector[i]! / largest) * top)
  return bytes
}

/**
 * The vector of length 1 that points where `bytes` does; zeros for zeros. The scale needs no bytes of its own: it is 1
 * over the length of `bytes`.
 */
export function unquantised(bytes: Int8Array): Float32Array {
  const scale = inverseLength(bytes)
  const vector = new Float32Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) vector[i] = bytes[i]! * scale
  return vector
}

/** 1 over the Euclidean length; 0 for zeros, so that their cosine with anything is 0. */
export function inverseLength(bytes: Int8Array): number {
  let squares = 0
  for (const value of bytes) squares += value * value
  return squares === 0 ? 0 : 1 / Math.sqrt(squares)
}

/** True when `quantised` may have made `bytes`: not zero, within 127, and 127 reached. */
export function isQuantised(bytes: Int8Array): boolean {
  let largest = 0
  for (const value of bytes) largest = Math.max(largest, Math.abs(value))
  return largest === top
}
