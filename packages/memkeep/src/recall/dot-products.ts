/**
 * Puts the dot product of `query` with each of the `out.length` rows of `rows`, which stand one after another, into `out`.
 * This is the whole inner loop of vector search, in one place and on plain arrays, so that a faster kernel can take over.
 */
export function dotProducts(rows: Int8Array, query: Float32Array, out: Float64Array): void {
  const dims = query.length
  const paired = dims - (dims % 4)
  for (let row = 0; row < out.length; row++) {
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    let at = row * dims
    let i = 0
    // Four sums that do not wait for one another.
    for (; i < paired; i += 4, at += 4) {
      a += query[i]! * rows[at]!
      b += query[i + 1]! * rows[at + 1]!
      c += query[i + 2]! * rows[at + 2]!
      d += query[i + 3]! * rows[at + 3]!
    }
    for (; i < dims; i++, at++) a += query[i]! * rows[at]!
    out[row] = a + b + c + d
  }
}
