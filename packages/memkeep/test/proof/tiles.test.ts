import { describe, expect, test } from 'vitest'
import { isConsistent } from '../../src/proof/consistency-proof.ts'
import { decodeEntries, encodeEntries } from '../../src/proof/entry-bundle.ts'
import { Frontier } from '../../src/proof/frontier.ts'
import { rootOfInclusion } from '../../src/proof/inclusion-proof.ts'
import { partialTilesOf, TileAppender } from '../../src/proof/tile-appender.ts'
import { bundlesOf, parseTilePath, tilePath, tilesOf } from '../../src/proof/tile-path.ts'
import { TileTree } from '../../src/proof/tile-tree.ts'
import { codeOf } from '../support/code-of.ts'
import { mth, path, subproof } from './naive-tree.ts'
import { nodeHash, TiledLog } from './tiled-log.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const paths = (tiles: ReturnType<typeof tilesOf>): string[] => tiles.map(tilePath)

describe('paths', () => {
  test('the examples of C2SP tlog-tiles', async () => {
    expect(tilePath({ level: 2, index: 1234067, width: 256 })).toBe('tile/2/x001/x234/067')
    expect(tilePath({ level: 'entries', index: 0, width: 17 })).toBe('tile/entries/000.p/17')
    const tiles = tilesOf(70_000)
    const count = (level: number, width?: number): number =>
      tiles.filter((tile) => tile.level === level && (width === undefined || tile.width === width)).length
    expect([count(0, 256), count(0, 112), count(1, 256), count(1, 17), count(2, 1)]).toEqual([273, 1, 1, 1, 1])
    expect(tiles).toHaveLength(277)
    expect(paths(tilesOf(256))).toEqual(['tile/1/000.p/1', 'tile/0/000'])
    expect(tilesOf(0)).toEqual([])
  })

  test('pruning leaves out what ends at or before the minimum index, and nothing else', async () => {
    expect(paths(tilesOf(70_000, 65_536)).filter((each) => each.startsWith('tile/1/'))).toEqual(['tile/1/001.p/17'])
    expect(paths(tilesOf(70_000, 65_280)).filter((each) => each.startsWith('tile/1/'))).toHaveLength(2)
    expect(paths(bundlesOf(600, 256))).toEqual(['tile/entries/001', 'tile/entries/002.p/88'])
    expect(paths(tilesOf(600, 512))).toEqual(['tile/1/000.p/2', 'tile/0/002.p/88'])
  })

  test('are read back, and no other spelling of them is', async () => {
    for (const tile of [...tilesOf(70_000), ...bundlesOf(300_000)]) {
      expect(parseTilePath(tilePath(tile))).toEqual(tile)
    }
    for (const wrong of [
      'tile/0/0',
      'tile/00/000',
      'tile/64/000',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/0/000.p/01',
      'tile/0/x000/001',
      'tile/0/001/002',
      'tile/entries/../000',
      'tile/0/x999/x999/x999/x999/x999/x999/999',
    ]) {
      expect(await codeOf(() => parseTilePath(wrong)), wrong).toBe('ERR_PROOF_INVALID')
    }
  })
})

describe('a log kept as tiles', () => {
  const leaves = Array.from({ length: 1_000 }, (_, i) => Buffer.from(`leaf ${i}`))

  test('root and proofs at every size up to 40, and round the edges of tiles, are the recursion’s', async () => {
    const log = new TiledLog()
    const looked = [...Array(41).keys(), 255, 256, 257, 511, 512, 513, 769, 1_000]
    for (let size = 0; size <= 1_000; size++) {
      if (size > 0) log.append(leaves[size - 1]!)
      if (!looked.includes(size)) continue
      const tree = log.tree()
      const now = leaves.slice(0, size)
      expect(hex(log.appender.root())).toBe(hex(mth(now)))
      expect(hex(await tree.root())).toBe(hex(mth(now)))
      for (const older of looked.filter((each) => each <= size)) {
        expect(hex(await tree.root(older))).toBe(hex(mth(leaves.slice(0, older))))
        const expected = older === 0 ? [] : subproof(older, now, true)
        expect((await tree.consistency(older)).map(hex)).toEqual(expected.map(hex))
        if (older === size) continue
        expect((await tree.inclusion(older)).map(hex)).toEqual(path(older, now).map(hex))
        expect(hex(await tree.leafHash(older))).toBe(hex(nodeHash.leaf(leaves[older]!)))
      }
    }
  })

  test('appending goes on from the partial tiles alone, and a full tile is handed out once', async () => {
    const whole = new TileAppender(nodeHash)
    for (const leaf of leaves) whole.append(nodeHash.leaf(leaf))
    const found = new Map<string, string>()
    let size = 0
    let partial: readonly Uint8Array[] = []
    for (const step of [1, 254, 1, 1, 300, 0, 255, 188]) {
      const appender = new TileAppender(nodeHash, size, partial)
      for (const leaf of leaves.slice(size, size + step)) appender.append(nodeHash.leaf(leaf))
      for (const tile of appender.takeFull()) {
        expect(found.has(tilePath(tile))).toBe(false)
        found.set(tilePath(tile), hex(tile.bytes))
      }
      expect(appender.takeFull()).toEqual([])
      size += step
      partial = appender.partial().map(({ bytes }) => bytes)
    }
    expect(size).toBe(1_000)
    expect(partial.map(hex)).toEqual(whole.partial().map(({ bytes }) => hex(bytes)))
    expect([...found]).toEqual(whole.takeFull().map((tile) => [tilePath(tile), hex(tile.bytes)]))
    expect(partialTilesOf(1_000).map(tilePath)).toEqual(['tile/1/000.p/3', 'tile/0/003.p/232'])
    expect(await codeOf(() => new TileAppender(nodeHash, 1_000, partial.slice(1)))).toBe('ERR_PROOF_INVALID')
  })

  test('what a pruned log still has is enough for every root and proof that does not reach below', async () => {
    const size = 66_100
    const log = new TiledLog()
    const frontier = new Frontier(nodeHash)
    const roots = new Map<number, Uint8Array>()
    for (let i = 0; i < size; i++) {
      frontier.append(nodeHash.leaf(Buffer.from(`${i}`)))
      log.append(Buffer.from(`${i}`))
      if (i >= 65_790) roots.set(i + 1, frontier.root())
    }
    for (const minIndex of [65_280, 65_536, 65_792]) {
      const kept = new Set(tilesOf(size, minIndex).map(tilePath))
      const tree = new TileTree(nodeHash, size, (tile) => {
        if (!kept.has(tilePath(tile))) throw new Error(`${tilePath(tile)} was pruned`)
        return log.tile(tile)
      })
      expect(hex(await tree.root())).toBe(hex(roots.get(size)!))
      for (const older of [65_793, 65_900, 66_048, 66_099]) {
        const [old, young] = [older, size].map((each) => ({ size: each, root: roots.get(each)! }))
        expect(hex(await tree.root(older))).toBe(hex(old!.root))
        expect(isConsistent(nodeHash, old!, young!, await tree.consistency(older))).toBe(true)
        const leaf = nodeHash.leaf(Buffer.from(`${older}`))
        expect(rootOfInclusion(nodeHash, older, size, leaf, await tree.inclusion(older))).toEqual(roots.get(size))
      }
      await expect(tree.inclusion(minIndex - 1)).rejects.toThrow('was pruned')
    }
  })

  test('a tile above the second level', async () => {
    const appender = new TileAppender(nodeHash, 65_535, await edgeOf(65_535))
    appender.append(nodeHash.leaf(leaves[0]!))
    const [low, high] = appender.takeFull()
    expect([tilePath(low!), tilePath(high!)]).toEqual(['tile/0/255', 'tile/1/000'])
    expect(appender.partial().map(tilePath)).toEqual(['tile/2/000.p/1'])
    const same = Array.from({ length: 65_536 }, () => leaves[0]!)
    expect(hex(appender.root())).toBe(hex(perfect(nodeHash.leaf(same[0]!), 16)))
  })
})

/** The partial tiles of a log whose leaves are all the same. */
async function edgeOf(size: number): Promise<Buffer[]> {
  const leaf = nodeHash.leaf(Buffer.from('leaf 0'))
  return partialTilesOf(size).map(({ level, width }) =>
    Buffer.concat(Array(width).fill(perfect(leaf, 8 * (level as number)))),
  )
}

function perfect(leaf: Uint8Array, levels: number): Uint8Array {
  let node = leaf
  for (let i = 0; i < levels; i++) node = nodeHash.node(node, node)
  return node
}

describe('entry bundles', () => {
  test('lengths and entries, as C2SP tlog-tiles puts them', async () => {
    const entries = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(65_535, 7)]
    const bundle = encodeEntries(entries)
    expect(hex(bundle.subarray(0, 9))).toBe('00036f6e650000ffff')
    expect(decodeEntries(bundle, 3).map(hex)).toEqual(entries.map(hex))
    expect(() => encodeEntries([Buffer.alloc(65_536)])).toThrow(RangeError)
  })

  test('cut short, with bytes behind, with an entry more or less: refused', async () => {
    const bundle = encodeEntries([Buffer.from('one'), Buffer.from('two')])
    for (let length = 0; length < bundle.length; length++) {
      expect(await codeOf(() => decodeEntries(bundle.subarray(0, length), 2)), `${length}`).toBe('ERR_PROOF_INVALID')
    }
    expect(await codeOf(() => decodeEntries(Buffer.concat([bundle, Buffer.of(0)]), 2))).toBe('ERR_PROOF_INVALID')
    expect(await codeOf(() => decodeEntries(bundle, 1))).toBe('ERR_PROOF_INVALID')
    expect(await codeOf(() => decodeEntries(bundle, 3))).toBe('ERR_PROOF_INVALID')
  })
})
