import { expect, test } from 'vitest'
import { toHex } from '../../src/proof/hex.ts'
import { rootOfRange } from '../../src/proof/range-proof.ts'
import { nodeHash, TiledLog } from './tiled-log.ts'

const leaves = Array.from({ length: 700 }, (_, n) => Buffer.from(`leaf ${n}`))
const hashes = leaves.map((leaf) => nodeHash.leaf(leaf))
const log = new TiledLog()
for (const leaf of leaves) log.append(leaf)
const tree = log.tree()

const rootOf = (...of: Parameters<typeof rootOfRange>) => {
  const root = rootOfRange(...of)
  return root === null ? null : toHex(root)
}

const sizes = [1, 2, 3, 7, 64, 255, 256, 257, 511, 700]
const runs = sizes.flatMap((size) =>
  sizes
    .filter((end) => end <= size)
    .flatMap((end) =>
      [0, 1, 2, 5, 64, 255, 256, 300].filter((start) => start <= end).map((start) => [start, end, size] as const),
    ),
)

test('every run of every log leads to the root of that log', async () => {
  expect(runs.length).toBeGreaterThan(150)
  for (const [start, end, size] of runs) {
    const proof = await tree.beside(start, end, size)
    expect(rootOf(nodeHash, start, size, hashes.slice(start, end), proof), `${start}-${end} of ${size}`).toBe(
      toHex(await tree.root(size)),
    )
  }
})

test('and no other run does: a leaf changed, dropped, added or moved, a hash changed, dropped or moved', async () => {
  for (const [start, end, size] of runs.filter(([start, end]) => end - start > 1)) {
    const proof = await tree.beside(start, end, size)
    const run = hashes.slice(start, end)
    const root = toHex(await tree.root(size))
    const no = (other: Parameters<typeof rootOfRange>) => expect(rootOf(...other)).not.toBe(root)
    no([nodeHash, start, size, [...run.slice(0, -1), run[0]!], proof])
    no([nodeHash, start, size, run.toReversed(), proof])
    no([nodeHash, start, size, run.slice(1), proof])
    no([nodeHash, start, size, [...run, hashes[0]!], proof])
    no([nodeHash, start + 1, size, run, proof])
    for (const side of ['left', 'right'] as const) {
      if (proof[side].length === 0) continue
      no([nodeHash, start, size, run, { ...proof, [side]: proof[side].slice(1) }])
      no([nodeHash, start, size, run, { ...proof, [side]: [run[0]!, ...proof[side].slice(1)] }])
      no([nodeHash, start, size, run, { ...proof, [side]: [...proof[side], run[0]!] }])
    }
  }
})

test('a run outside the log is none', async () => {
  await expect(tree.beside(3, 2, 5)).rejects.toThrow(RangeError)
  await expect(tree.beside(3, 6, 5)).rejects.toThrow(RangeError)
  expect(rootOfRange(nodeHash, 4, 5, hashes.slice(4, 6), { left: [], right: [] })).toBeNull()
})
