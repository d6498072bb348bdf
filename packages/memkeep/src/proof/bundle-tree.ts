import type { BundleManifest } from './bundle-manifest.ts'
import { sameBytes } from './byte-string.ts'
import { CommitmentsSeen } from './commitments-seen.ts'
import { decodeEntries } from './entry-bundle.ts'
import type { LedgerBundle } from './ledger-bundle.ts'
import { decodeLeaf, type LedgerLeaf } from './ledger-leaf.ts'
import { checking, proofInvalid } from './proof-invalid.ts'
import { type Pruning, pruningOf } from './prune-event.ts'
import { bundlesOf, type Tile, tilePath, tilesOf, tileWidth } from './tile-path.ts'
import { TileTree, tileHashes } from './tile-tree.ts'
import type { TreeHash } from './tree-hash.ts'

/** The file's bytes. Throws `ERR_PROOF_INVALID`, without its path, when it is missing. */
export async function fileBytes(bundle: LedgerBundle, path: string): Promise<Uint8Array> {
  const bytes = await bundle.read(path)
  if (bytes === null) throw proofInvalid('it is missing')
  return bytes
}

/** The tiles and entries of a bundle. Nothing of them may be believed before `check` returned. */
export class BundleTree {
  readonly #bundle: LedgerBundle
  readonly #manifest: BundleManifest
  readonly #hash: TreeHash
  /** The last file read of each level: what is asked for next is mostly the same one. */
  readonly #last = new Map<Tile['level'], { path: string; bytes: Uint8Array }>()
  readonly tree: TileTree
  /** Of the leaves that were checked. */
  readonly commitments = new CommitmentsSeen()
  /** What the entries that were checked say of prunings. */
  readonly prunings: Pruning[] = []

  constructor(bundle: LedgerBundle, manifest: BundleManifest, hash: TreeHash) {
    this.#bundle = bundle
    this.#manifest = manifest
    this.#hash = hash
    this.tree = new TileTree(hash, manifest.size, (tile) => this.#read(tile))
  }

  /**
   * Checks that the tiles lead to `root`, the entries to the tiles, that each entry is a leaf in its place, and no event in
   * two. Returns the newest time in a leaf, null when no entry is there.
   */
  async check(root: Uint8Array): Promise<number | null> {
    const edge = await this.tree.root()
    if (!sameBytes(edge, root)) throw proofInvalid('checkpoint: its root is not that of the tiles at the right edge')
    const { size, minIndex } = this.#manifest
    for (const tile of tilesOf(size, minIndex)) {
      if (tile.width === tileWidth) await this.#checkTile(tile)
    }
    let newest: number | null = null
    for (const tile of bundlesOf(size, minIndex)) {
      for (const leaf of await this.#checkEntries(tile)) {
        newest = Math.max(newest ?? 0, leaf.at)
        this.commitments.add(leaf.commit)
        const pruning = pruningOf(leaf)
        if (pruning !== null) this.prunings.push(pruning)
      }
    }
    return newest
  }

  /** The entry at an index that was not pruned. */
  async entry(index: number): Promise<Uint8Array> {
    const first = Math.floor(index / tileWidth) * tileWidth
    const tile: Tile = {
      level: 'entries',
      index: first / tileWidth,
      width: Math.min(tileWidth, this.#manifest.size - first),
    }
    return decodeEntries(await this.#read(tile), tile.width)[index - first]!
  }

  /** A full tile's root stands in the tile above, which was checked before. */
  async #checkTile(tile: Tile): Promise<void> {
    const level = (tile.level as number) + 1
    const index = Math.floor(tile.index / tileWidth)
    const hashes = Math.floor(this.#manifest.size / tileWidth ** level) - index * tileWidth
    const above = { level, index, width: Math.min(tileWidth, hashes) }
    const expected = tileHashes(await this.#read(above), above)[tile.index % tileWidth]!
    const found = this.#hash.perfect(tileHashes(await this.#read(tile), tile))
    if (!sameBytes(found, expected))
      throw proofInvalid(`${tilePath(tile)}: its hashes are not those that the tree above holds`)
  }

  async #checkEntries(tile: Tile): Promise<LedgerLeaf[]> {
    const hashes = tileHashes(await this.#read({ ...tile, level: 0 }), tile)
    const bytes = await this.#read(tile)
    return await checking(tilePath(tile), () =>
      decodeEntries(bytes, tile.width).map((entry, i) => {
        const seq = tile.index * tileWidth + i
        if (!sameBytes(this.#hash.leaf(entry), hashes[i]!))
          throw proofInvalid(`entry ${seq} is not the one in the tree`)
        const leaf = decodeLeaf(entry)
        if (leaf.seq !== seq) throw proofInvalid(`entry ${seq} says that it stands elsewhere`)
        return leaf
      }),
    )
  }

  async #read(tile: Tile): Promise<Uint8Array> {
    const path = tilePath(tile)
    const last = this.#last.get(tile.level)
    if (last?.path === path) return last.bytes
    const bytes = await checking(path, () => fileBytes(this.#bundle, path))
    this.#last.set(tile.level, { path, bytes })
    return bytes
  }
}
