import type { TreeHash } from './tree-hash.ts'

/**
 * The right edge of a growing log: the roots of its perfect subtrees, largest first, as the bits of its size. All that is
 * needed to append and to know the root: at most 53 hashes.
 */
export class Frontier {
  readonly #hash: TreeHash
  readonly #edge: Uint8Array[]
  #size: number

  /** Of an empty log, or as `size` and `edge` of another frontier said. */
  constructor(hash: TreeHash, size = 0, edge: readonly Uint8Array[] = []) {
    if (edge.length !== bitsSet(size)) throw new RangeError('a frontier has one hash for each bit set in its size')
    this.#hash = hash
    this.#size = size
    this.#edge = [...edge]
  }

  get size(): number {
    return this.#size
  }

  /** The hashes to keep, with `size`, in order to go on later. */
  get edge(): readonly Uint8Array[] {
    return [...this.#edge]
  }

  /** Adds a perfect subtree of `leaves` (a power of two) leaves; the size so far must be a multiple of it. */
  append(hash: Uint8Array, leaves = 1): void {
    let carry = hash
    for (let rest = this.#size / leaves; rest % 2 === 1; rest = (rest - 1) / 2) {
      carry = this.#hash.node(this.#edge.pop()!, carry)
    }
    this.#edge.push(carry)
    this.#size += leaves
  }

  root(): Uint8Array {
    if (this.#size === 0) return this.#hash.empty()
    return this.#edge.reduceRight((right, left) => this.#hash.node(left, right))
  }
}

function bitsSet(size: number): number {
  let bits = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2
  return bits
}
