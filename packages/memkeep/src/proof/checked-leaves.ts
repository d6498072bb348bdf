import { sameBytes } from './byte-string.ts'
import type { TreeHead } from './consistency-proof.ts'
import { proofInvalid } from './proof-invalid.ts'
import { tileWidth } from './tile-path.ts'
import { type TileReader, TileTree, tileHashes } from './tile-tree.ts'
import type { TreeHash } from './tree-hash.ts'

/** Hashes of single leaves of a log, each held against one head of it. A tile is read and checked once, however many leaves are in it. */
export class CheckedLeaves {
  readonly #hash: TreeHash
  readonly #head: TreeHead
  readonly #read: TileReader
  readonly #checked = new Map<string, Promise<Uint8Array[]>>()
  #edge: Promise<void> | null = null

  constructor(hash: TreeHash, head: TreeHead, read: TileReader) {
    this.#hash = hash
    this.#head = head
    this.#read = read
  }

  /** Throws `ERR_PROOF_INVALID` when the tiles do not lead from this leaf to the head, or it lies beyond it. */
  async hashOf(index: number): Promise<Uint8Array> {
    return (await this.#tile(0, Math.floor(index / tileWidth)))[index % tileWidth] ?? beyond()
  }

  #tile(level: number, index: number): Promise<Uint8Array[]> {
    const name = `${level}/${index}`
    const known = this.#checked.get(name) ?? this.#check(level, index)
    this.#checked.set(name, known)
    return known
  }

  /** A full tile's root stands in the tile above; those that are not full, at the right edge, make the log's. */
  async #check(level: number, index: number): Promise<Uint8Array[]> {
    const width = Math.min(tileWidth, Math.floor(this.#head.size / tileWidth ** level) - index * tileWidth)
    if (width <= 0) return beyond()
    const tile = { level, index, width }
    const hashes = tileHashes(await this.#read(tile), tile)
    if (width < tileWidth) {
      this.#edge ??= this.#checkEdge()
      await this.#edge
      return hashes
    }
    const above = (await this.#tile(level + 1, Math.floor(index / tileWidth)))[index % tileWidth]!
    if (sameBytes(this.#hash.perfect(hashes), above)) return hashes
    throw proofInvalid('its hashes are not those that the tree above holds')
  }

  async #checkEdge(): Promise<void> {
    const root = await new TileTree(this.#hash, this.#head.size, this.#read).root()
    if (!sameBytes(root, this.#head.root)) throw proofInvalid('its root is not that of the tiles at the right edge')
  }
}

function beyond(): never {
  throw proofInvalid('the leaf lies beyond the head')
}
