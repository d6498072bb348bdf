import { expect, test } from 'vitest'
import { sameBytes } from '../../src/proof/byte-string.ts'
import { CheckedLeaves } from '../../src/proof/checked-leaves.ts'
import type { Tile } from '../../src/proof/tile-path.ts'
import { codeOf } from '../support/code-of.ts'
import { random, seed } from '../support/seed.ts'
import { nodeHash, TiledLog } from './tiled-log.ts'

const entry = (n: number): Uint8Array => Buffer.from(`event ${n}`)
const sizes = [1, 2, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 66_000]

test('each leaf of a log is found, with its neighbours, and none beyond its end', { timeout: 120_000 }, async () => {
  console.log(`seed ${seed}`)
  const draw = random()
  const log = new TiledLog()
  let appended = 0
  for (const size of sizes) {
    for (; appended < size; appended++) log.append(entry(appended))
    const head = { size, root: await log.tree().root() }
    const leaves = new CheckedLeaves(nodeHash, head, (tile) => log.tile(tile))
    for (const index of [0, size - 1, ...Array.from({ length: 20 }, () => Math.floor(draw() * size))]) {
      expect(sameBytes(await leaves.hashOf(index), nodeHash.leaf(entry(index))), `${index} of ${size}`).toBe(true)
    }
    for (const index of [size, size + 1, size + 256, size * 256]) {
      expect(await codeOf(leaves.hashOf(index)), `${index} of ${size}`).toBe('ERR_PROOF_INVALID')
    }
  }
})

test('a changed hash of any tile between leaf and root is found out, and another root', {
  timeout: 120_000,
}, async () => {
  console.log(`seed ${seed}`)
  const draw = random()
  for (const size of [3, 256, 600, 66_000]) {
    const log = new TiledLog()
    for (let n = 0; n < size; n++) log.append(entry(n))
    const root = await log.tree().root()
    for (let round = 0; round < 12; round++) {
      const index = Math.floor(draw() * size)
      const read: Tile[] = []
      await new CheckedLeaves(nodeHash, { size, root }, async (tile) => {
        read.push(tile)
        return log.tile(tile)
      }).hashOf(index)
      for (const bad of read) {
        const at = Math.floor(draw() * bad.width) * 32 + Math.floor(draw() * 32)
        const leaves = new CheckedLeaves(nodeHash, { size, root }, async (tile) => {
          const bytes = Uint8Array.from(await log.tile(tile))
          if (tile.level === bad.level && tile.index === bad.index) bytes[at]! ^= 1
          return bytes
        })
        expect(await codeOf(leaves.hashOf(index)), `${index} of ${size}, level ${bad.level}`).toBe('ERR_PROOF_INVALID')
      }
    }
    const other = Uint8Array.from(root)
    other[7]! ^= 1
    const leaves = new CheckedLeaves(nodeHash, { size, root: other }, (tile) => log.tile(tile))
    expect(await codeOf(leaves.hashOf(0))).toBe('ERR_PROOF_INVALID')
  }
})
