/**
 * The dot product of `query` with each of `rows`, which stand one after another. Whole numbers: the SIMD kernel makes the same
 * ones, and this one serves where there is no WASM SIMD. No sum may leave int32 (`queryWholes` sees to that).
 */
export function dotProducts(rows: Int8Array, query: Int16Array): Int32Array {
  const dims = query.length
  const paired = dims - (dims % 4)
  const out = new Int32Array(rows.length / dims)
  for (let row = 0; row < out.length; row++) {
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    let at = row * dims
    let i = 0
    // Four sums that do not wait for one another.
    for (; i < paired; i += 4, at += 4) {
      a = (a + Math.imul(query[i]!, rows[at]!)) | 0
      b = (b + Math.imul(query[i + 1]!, rows[at + 1]!)) | 0
      c = (c + Math.imul(query[i + 2]!, rows[at + 2]!)) | 0
      d = (d + Math.imul(query[i + 3]!, rows[at + 3]!)) | 0
    }
    for (; i < dims; i++, at++) a = (a + Math.imul(query[i]!, rows[at]!)) | 0
    out[row] = a + b + c + d
  }
  return out
}
