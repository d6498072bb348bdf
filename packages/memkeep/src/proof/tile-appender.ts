import { joined } from './byte-string.ts'
import { Frontier } from './frontier.ts'
import { type Tile, tilesOf, tileWidth } from './tile-path.ts'
import { tileHashes } from './tile-tree.ts'
import type { TreeHash } from './tree-hash.ts'

/** A tile and its bytes. */
export interface TileBytes extends Tile {
  readonly level: number
  readonly bytes: Uint8Array
}

/** A full tile, with the root over its hashes. */
export interface FullTile extends TileBytes {
  readonly root: Uint8Array
}

/** The tiles at the right edge of a log that are not full: what must be kept in order to append. */
export function partialTilesOf(size: number): Tile[] {
  return tilesOf(size).filter(({ width }) => width < tileWidth)
}

/**
 * Appends leaves to a log kept as tiles. It starts from the partial tiles (`partialTilesOf`, in that order), takes leaf hashes,
 * and says which tiles are new. A log of a million leaves has three partial tiles.
 */
export class TileAppender {
  readonly #hash: TreeHash
  readonly #open: Uint8Array[][] = []
  readonly #full: FullTile[] = []
  #size: number

  /** Throws `ERR_PROOF_INVALID` when a partial tile has not the length that `size` gives it. */
  constructor(hash: TreeHash, size = 0, partial: readonly Uint8Array[] = []) {
    this.#hash = hash
    this.#size = size
    for (const [i, tile] of partialTilesOf(size).entries()) {
      this.#open[tile.level as number] = tileHashes(partial[i] ?? new Uint8Array(0), tile)
    }
  }

  get size(): number {
    return this.#size
  }

  append(leafHash: Uint8Array): void {
    this.#size++
    let carry = leafHash
    for (let level = 0; ; level++) {
      const row = this.#open[level] ?? []
      this.#open[level] = row
      row.push(carry)
      if (row.length < tileWidth) return
      const index = this.#size / tileWidth ** (level + 1) - 1
      carry = this.#hash.perfect(row)
      this.#full.push({ level, index, width: tileWidth, bytes: joined(...row), root: carry })
      this.#open[level] = []
    }
  }

  root(): Uint8Array {
    const frontier = new Frontier(this.#hash)
    for (let level = this.#open.length - 1; level >= 0; level--) {
      for (const hash of this.#open[level] ?? []) frontier.append(hash, tileWidth ** level)
    }
    return frontier.root()
  }

  /** The tiles that became full since the last call. A full tile takes the place of the partial ones with its path. */
  takeFull(): FullTile[] {
    return this.#full.splice(0)
  }

  /** The partial tiles as they stand, in the order that the constructor takes. */
  partial(): TileBytes[] {
    return partialTilesOf(this.#size).map((tile) => {
      const level = tile.level as number
      return { ...tile, level, bytes: joined(...this.#open[level]!) }
    })
  }
}
