import { Frontier } from './frontier.ts'
import type { LeafRange } from './inclusion-proof.ts'
import type { TreeHash } from './tree-hash.ts'

/** The roots of the perfect subtrees to the left and to the right of a run of leaves, from left to right: all that is beside it. */
export interface RangeProof {
  readonly left: readonly Uint8Array[]
  readonly right: readonly Uint8Array[]
}

/** What a proof for the leaves from `start` up to and without `end` in a log of `size` is made of. */
export function besideRanges(start: number, end: number, size: number): { left: LeafRange[]; right: LeafRange[] } {
  if (!(start >= 0 && start <= end && end <= size)) throw new RangeError('the run lies outside the log')
  return { left: perfectRanges(0, start), right: perfectRanges(end, size) }
}

/** The largest perfect subtrees that a log of `to` leaves has from `from` on. */
function perfectRanges(from: number, to: number): LeafRange[] {
  const ranges: LeafRange[] = []
  for (let at = from; at < to; ) {
    let leaves = 1
    while (at % (leaves * 2) === 0 && at + leaves * 2 <= to) leaves *= 2
    ranges.push([at, at + leaves])
    at += leaves
  }
  return ranges
}

/** The root that a run of leaves leads to, to be compared with a signed one; null when the proof does not fit them. */
export function rootOfRange(
  hash: TreeHash,
  start: number,
  size: number,
  leaves: readonly Uint8Array[],
  proof: RangeProof,
): Uint8Array | null {
  const end = start + leaves.length
  if (end > size) return null
  const { left, right } = besideRanges(start, end, size)
  if (left.length !== proof.left.length || right.length !== proof.right.length) return null
  const frontier = new Frontier(hash)
  for (const [i, [from, to]] of left.entries()) frontier.append(proof.left[i]!, to - from)
  for (const leaf of leaves) frontier.append(leaf)
  for (const [i, [from, to]] of right.entries()) frontier.append(proof.right[i]!, to - from)
  return frontier.root()
}
