import type { TreeHash } from './tree-hash.ts'

/** The leaves from `start` up to and without `end`. */
export type LeafRange = readonly [start: number, end: number]

/** Where RFC 6962 splits `size` (> 1) leaves: the largest power of two below it. */
export function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** RFC 6962 §2.1.1: the ranges whose roots are the proof that leaf `index` is in a log of `size`, the leaf's sibling first. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (index >= size) throw new RangeError('the leaf lies outside the log')
  const ranges: LeafRange[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const split = start + splitOf(end - start)
    ranges.push(index < split ? [split, end] : [start, split])
    if (index < split) end = split
    else start = split
  }
  return ranges.reverse()
}

/** The root that the proof leads to (RFC 9162 §2.1.3.2), to be compared with a signed one; null when it has not its length. */
export function rootOfInclusion(
  hash: TreeHash,
  index: number,
  size: number,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array | null {
  if (index >= size) return null
  let node = index
  let last = size - 1
  let root = leafHash
  for (const sibling of proof) {
    if (last === 0) return null
    if (node % 2 === 1 || node === last) {
      root = hash.node(sibling, root)
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)]
    } else {
      root = hash.node(root, sibling)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? root : null
}
