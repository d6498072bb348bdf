import { consistencyRanges } from './consistency-proof.ts'
import { Frontier } from './frontier.ts'
import { inclusionRanges, type LeafRange } from './inclusion-proof.ts'
import { proofInvalid } from './proof-invalid.ts'
import { besideRanges, type RangeProof } from './range-proof.ts'
import { type Tile, tilePath, tileWidth } from './tile-path.ts'
import type { TreeHash } from './tree-hash.ts'

const hashBytes = 32
/** Levels of the tree in one tile. */
const tileHeight = 8

/** The bytes of one tile as it stands for the log's current size; whoever reads a partial one asks for that width. */
export type TileReader = (tile: Tile) => Promise<Uint8Array>

/**
 * A log's tree, read from its tiles: roots and proofs for any size up to its own. Of a pruned log everything can be computed
 * that does not reach below the minimum index. Reads a tile again for each call: give a reader that remembers.
 */
export class TileTree {
  readonly #hash: TreeHash
  readonly #read: TileReader
  readonly size: number

  constructor(hash: TreeHash, size: number, read: TileReader) {
    this.#hash = hash
    this.#read = read
    this.size = size
  }

  /** The root of the first `size` leaves. */
  async root(size = this.size): Promise<Uint8Array> {
    return size === 0 ? this.#hash.empty() : await this.#range([0, size])
  }

  /** RFC 6962 audit path of leaf `index` in the log of `size`, the leaf's sibling first. */
  async inclusion(index: number, size = this.size): Promise<Uint8Array[]> {
    return await this.#ranges(inclusionRanges(index, size))
  }

  /** RFC 6962 consistency proof between two sizes; empty when they are equal or the older is 0. */
  async consistency(oldSize: number, newSize = this.size): Promise<Uint8Array[]> {
    return await this.#ranges(consistencyRanges(oldSize, newSize))
  }

  /** What shows a run of leaves to be in the log of `size`, beside the leaves themselves. */
  async beside(start: number, end: number, size = this.size): Promise<RangeProof> {
    const { left, right } = besideRanges(start, end, size)
    return { left: await this.#ranges(left), right: await this.#ranges(right) }
  }

  async leafHash(index: number): Promise<Uint8Array> {
    return await this.#range([index, index + 1])
  }

  async #ranges(ranges: readonly LeafRange[]): Promise<Uint8Array[]> {
    const roots: Uint8Array[] = []
    for (const range of ranges) roots.push(await this.#range(range))
    return roots
  }

  /** The root over a range that begins where RFC 6962 lets one begin: at a multiple of its largest perfect subtree. */
  async #range([start, end]: LeafRange): Promise<Uint8Array> {
    const frontier = new Frontier(this.#hash)
    let at = start
    while (at < end) {
      const [level, leaves] = largestPerfect(end - at)
      frontier.append(await this.#node(level, at / leaves), leaves)
      at += leaves
    }
    return frontier.root()
  }

  /** The root of the `index`-th perfect subtree of 2^level leaves. */
  async #node(level: number, index: number): Promise<Uint8Array> {
    const tileLevel = Math.floor(level / tileHeight)
    const count = 2 ** (level % tileHeight)
    const first = index * count
    const tileIndex = Math.floor(first / tileWidth)
    const hashes = Math.floor(this.size / tileWidth ** tileLevel) - tileIndex * tileWidth
    const tile = { level: tileLevel, index: tileIndex, width: Math.min(tileWidth, hashes) }
    const row = tileHashes(await this.#read(tile), tile)
    return this.#hash.perfect(row.slice(first % tileWidth, (first % tileWidth) + count))
  }
}

/** The hashes of a tile. Throws `ERR_PROOF_INVALID`, naming it, when it has not its length. */
export function tileHashes(bytes: Uint8Array, tile: Tile): Uint8Array[] {
  if (bytes.length !== tile.width * hashBytes) throw proofInvalid(`${tilePath(tile)}: not ${tile.width} hashes long`)
  return Array.from({ length: tile.width }, (_, i) => bytes.subarray(i * hashBytes, (i + 1) * hashBytes))
}

function largestPerfect(leaves: number): [level: number, leaves: number] {
  let level = 0
  let perfect = 1
  while (perfect * 2 <= leaves) {
    perfect *= 2
    level++
  }
  return [level, perfect]
}
