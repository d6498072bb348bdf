import { TileAppender } from '../../src/proof/tile-appender.ts'
import { type Tile, tilePath } from '../../src/proof/tile-path.ts'
import { TileTree } from '../../src/proof/tile-tree.ts'
import { TreeHash } from '../../src/proof/tree-hash.ts'
import { nodeSha256 } from './node-sha256.ts'

export const nodeHash = new TreeHash(nodeSha256)

/** A log appended leaf by leaf, with every tile that is full and the partial ones of its size. */
export class TiledLog {
  readonly appender = new TileAppender(nodeHash)
  readonly #full = new Map<string, Uint8Array>()

  append(entry: Uint8Array): void {
    this.appender.append(nodeHash.leaf(entry))
  }

  /** As it stands now: append no more while it is read. */
  tree(): TileTree {
    return new TileTree(nodeHash, this.appender.size, (tile) => this.tile(tile))
  }

  async tile(tile: Tile): Promise<Uint8Array> {
    for (const full of this.appender.takeFull()) this.#full.set(tilePath(full), full.bytes)
    const path = tilePath(tile)
    const bytes = this.#full.get(path) ?? this.appender.partial().find((each) => tilePath(each) === path)?.bytes
    if (bytes === undefined) throw new Error(`no tile ${path}`)
    return bytes
  }
}
