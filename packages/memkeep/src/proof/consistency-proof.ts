import { sameBytes } from './byte-string.ts'
import { type LeafRange, splitOf } from './inclusion-proof.ts'
import type { TreeHash } from './tree-hash.ts'

/** A log at one size. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/** RFC 6962 §2.1.2: the ranges whose roots prove that a log of `newSize` begins with the one of `oldSize`. */
export function consistencyRanges(oldSize: number, newSize: number): LeafRange[] {
  if (oldSize > newSize) throw new RangeError('a log does not shrink')
  if (oldSize === 0 || oldSize === newSize) return []
  const ranges: LeafRange[] = []
  let start = 0
  let end = newSize
  while (oldSize !== end) {
    const split = start + splitOf(end - start)
    ranges.push(oldSize <= split ? [split, end] : [start, split])
    if (oldSize <= split) end = split
    else start = split
  }
  if (start > 0) ranges.push([start, end])
  return ranges.reverse()
}

/**
 * True when the proof shows that `newer` only added to `older` (RFC 9162 §2.1.4.2). Any log goes on from the empty one, with an
 * empty proof.
 */
export function isConsistent(hash: TreeHash, older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (older.size === 0 && !sameBytes(older.root, hash.empty())) return false
  if (older.size === newer.size) return proof.length === 0 && sameBytes(older.root, newer.root)
  if (older.size === 0) return proof.length === 0
  if (older.size > newer.size || proof.length === 0) return false
  let node = older.size - 1
  let last = newer.size - 1
  const up = (): void => {
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  while (node % 2 === 1) up()
  const path = node === 0 ? [older.root, ...proof] : proof
  let oldRoot = path[0]!
  let newRoot = path[0]!
  for (const sibling of path.slice(1)) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      oldRoot = hash.node(sibling, oldRoot)
      newRoot = hash.node(sibling, newRoot)
      while (node % 2 === 0 && node !== 0) up()
    } else {
      newRoot = hash.node(newRoot, sibling)
    }
    up()
  }
  return last === 0 && sameBytes(oldRoot, older.root) && sameBytes(newRoot, newer.root)
}
