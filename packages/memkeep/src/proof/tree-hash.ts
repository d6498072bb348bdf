import type { Sha256 } from './sha256.ts'

/** RFC 6962 §2.1: how a log's leaves and nodes are hashed. Hashes are 32 bytes. */
export class TreeHash {
  readonly #sha256: Sha256
  readonly #pair = new Uint8Array(65)

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
    this.#pair[0] = 1
  }

  /** The root of a log without leaves. */
  empty(): Uint8Array {
    return this.#sha256(new Uint8Array(0))
  }

  leaf(entry: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(entry.length + 1)
    bytes.set(entry, 1)
    return this.#sha256(bytes)
  }

  /** Throws `RangeError` for anything but two hashes: whoever reads them from outside checks their length. */
  node(left: Uint8Array, right: Uint8Array): Uint8Array {
    if (left.length !== 32 || right.length !== 32) throw new RangeError('a node is over two hashes of 32 bytes')
    this.#pair.set(left, 1)
    this.#pair.set(right, 33)
    return this.#sha256(this.#pair)
  }

  /** The root over a power of two of hashes. */
  perfect(hashes: readonly Uint8Array[]): Uint8Array {
    let row = hashes
    while (row.length > 1) {
      const above: Uint8Array[] = []
      for (let i = 0; i < row.length; i += 2) above.push(this.node(row[i]!, row[i + 1]!))
      row = above
    }
    return row[0]!
  }
}
