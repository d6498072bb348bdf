/** The magnitude of the largest component: two signed bytes a component, of which the high one alone reaches 127. */
const top = 127 * 256

/** Bytes that `writeVector` makes for each component. */
export const bytesPerComponent = 2

/**
 * The direction of `vector` in one whole number a component, the largest of which has the magnitude 32 512: a vector of
 * length 1 is kept to within 1/65 024 of its largest component each. Null for a vector that is empty, zero or not finite.
 */
export function quantised(vector: Float32Array): Int16Array | null {
  let largest = 0
  for (let i = 0; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i]!))
  // NaN goes through Math.max.
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return null
  const wholes = new Int16Array(vector.length)
  for (let i = 0; i < wholes.length; i++) wholes[i] = Math.round((vector[i]! / largest) * top)
  return wholes
}

/** The vector of length 1 that points where `wholes` do, not all of which are 0. */
export function unquantised(wholes: Int16Array): Float32Array {
  const scale = 1 / lengthOf(wholes)
  const vector = new Float32Array(wholes.length)
  for (let i = 0; i < vector.length; i++) vector[i] = wholes[i]! * scale
  return vector
}

/** Euclidean length. */
export function lengthOf(wholes: Int16Array | Int8Array): number {
  let squares = 0
  for (let i = 0; i < wholes.length; i++) squares += wholes[i]! * wholes[i]!
  return Math.sqrt(squares)
}

/**
 * Parts each whole number into a signed high byte, the nearest multiple of 256, and what is left as a signed low one:
 * `whole = 256 * high + low`. The high bytes alone are the vector in 8 bits.
 */
export function splitInto(high: Int8Array, low: Int8Array, wholes: Int16Array): void {
  for (let i = 0; i < wholes.length; i++) {
    high[i] = (wholes[i]! + 128) >> 8
    // An element of an Int8Array keeps the lowest 8 bits.
    low[i] = wholes[i]!
  }
}

/** What `splitInto` took apart. */
export function joined(high: Int8Array, low: Int8Array): Int16Array {
  const wholes = new Int16Array(high.length)
  for (let i = 0; i < wholes.length; i++) wholes[i] = high[i]! * 256 + low[i]!
  return wholes
}

/**
 * The direction of `vector` in `bytesPerComponent` bytes each: all high bytes, then all low ones. Null for a vector that is
 * empty, zero or not finite.
 */
export function writeVector(vector: Float32Array): Uint8Array | null {
  const wholes = quantised(vector)
  if (wholes === null) return null
  const bytes = new Int8Array(wholes.length * bytesPerComponent)
  splitInto(bytes.subarray(0, wholes.length), bytes.subarray(wholes.length), wholes)
  return new Uint8Array(bytes.buffer)
}

/**
 * The vector of length 1 in `bytes`, of which it keeps no view; null when `writeVector` does not make such bytes.
 * `writeVector(readVector(bytes))` is `bytes`.
 */
export function readVector(bytes: Uint8Array): Float32Array | null {
  const dims = bytes.length / bytesPerComponent
  if (dims === 0 || !Number.isInteger(dims)) return null
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const wholes = joined(signed.subarray(0, dims), signed.subarray(dims))
  let largest = 0
  // A high byte of -128, which is never written, makes a number beyond `top`, also where it does not fit an int16 and wraps.
  for (let i = 0; i < dims; i++) largest = Math.max(largest, Math.abs(wholes[i]!))
  return largest === top ? unquantised(wholes) : null
}
