import { describe, expect, test } from 'vitest'
import { consistencyRanges, isConsistent, type TreeHead } from '../../src/proof/consistency-proof.ts'
import { Frontier } from '../../src/proof/frontier.ts'
import { inclusionRanges, rootOfInclusion } from '../../src/proof/inclusion-proof.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { TreeHash } from '../../src/proof/tree-hash.ts'
import { amount, random, seed } from '../support/seed.ts'
import { mth, path, subproof } from './naive-tree.ts'

const hash = new TreeHash(sha256)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Buffer => Buffer.from(text, 'hex')

/**
 * The tree of Certificate Transparency's own tests (google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc; today
 * transparency-dev/merkle, testonly/constants.go): eight leaves, and the root at each size.
 */
const ctLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const ctRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
/** Inclusion and consistency proofs of the same tests: [leaf, size, path] counted from 0, and [old, new, proof]. */
const ctPaths: [number, number, string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
]
const ctConsistency: [number, number, string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
]

/** The roots over the ranges of a proof, by the naive recursion. */
const rootsOver = (ranges: readonly (readonly [number, number])[], leaves: readonly Uint8Array[]): Buffer[] =>
  ranges.map(([start, end]) => mth(leaves.slice(start, end)))

describe("Certificate Transparency's tree", () => {
  const leaves = ctLeaves.map(bytes)

  test('its roots, by the frontier and by the naive recursion that the other tests lean on', () => {
    const frontier = new Frontier(hash)
    for (const [size, root] of ctRoots.entries()) {
      expect(hex(frontier.root())).toBe(root)
      expect(hex(mth(leaves.slice(0, size)))).toBe(root)
      if (size < 8) frontier.append(hash.leaf(leaves[size]!))
    }
  })

  test.each(ctPaths)('leaf %i in size %i', (index, size, expected) => {
    const proof = rootsOver(inclusionRanges(index, size), leaves)
    expect(proof.map(hex)).toEqual(expected)
    expect(hex(rootOfInclusion(hash, index, size, hash.leaf(leaves[index]!), expected.map(bytes))!)).toBe(ctRoots[size])
  })

  test.each(ctConsistency)('from size %i to %i', (older, newer, expected) => {
    expect(rootsOver(consistencyRanges(older, newer), leaves).map(hex)).toEqual(expected)
    const head = (size: number) => ({ size, root: bytes(ctRoots[size]!) })
    expect(isConsistent(hash, head(older), head(newer), expected.map(bytes))).toBe(true)
  })
})

describe('every pair of sizes', () => {
  const most = amount('MEMKEEP_TREE_SIZE', 40)
  const leaves = Array.from({ length: most }, (_, i) => Buffer.from(`leaf ${i}`))
  const roots = Array.from({ length: most + 1 }, (_, size) => mth(leaves.slice(0, size)))
  const headAt = (size: number): TreeHead => ({ size, root: roots[size]! })

  test('inclusion: the proof is the recursion’s, and leads to the root; no other leaf, index, size or path does', () => {
    for (let size = 1; size <= most; size++) {
      for (let index = 0; index < size; index++) {
        const proof = path(index, leaves.slice(0, size))
        expect(rootsOver(inclusionRanges(index, size), leaves).map(hex)).toEqual(proof.map(hex))
        const leaf = hash.leaf(leaves[index]!)
        const root = (at: number, of: number, from: Uint8Array, by: readonly Uint8Array[]): string =>
          hex(rootOfInclusion(hash, at, of, from, by) ?? Buffer.alloc(0))
        const right = hex(roots[size]!)
        expect(root(index, size, leaf, proof)).toBe(right)
        expect(root(index, size, hash.leaf(Buffer.from('another')), proof)).not.toBe(right)
        expect(root(index, size, leaf, [...proof, leaf])).not.toBe(right)
        if (proof.length > 0) expect(root(index, size, leaf, proof.slice(1))).not.toBe(right)
        if (proof.length > 0) expect(root(index, size, leaf, proof.slice(0, -1))).not.toBe(right)
        expect(rootOfInclusion(hash, size, size, leaf, proof)).toBeNull()
        const otherIndex = (index + 1) % size
        if (size > 1) expect(root(otherIndex, size, leaf, proof)).not.toBe(right)
      }
    }
  })

  test('consistency: the proof is the recursion’s, and holds; another root, size or path does not', () => {
    for (let newer = 0; newer <= most; newer++) {
      for (let older = 0; older <= newer; older++) {
        const proof = older === 0 ? [] : subproof(older, leaves.slice(0, newer), true)
        expect(rootsOver(consistencyRanges(older, newer), leaves).map(hex)).toEqual(proof.map(hex))
        const [old, young] = [headAt(older), headAt(newer)]
        expect(isConsistent(hash, old, young, proof)).toBe(true)
        expect(isConsistent(hash, old, young, [...proof, roots[1]!])).toBe(false)
        expect(isConsistent(hash, { ...old, root: hash.leaf(old.root) }, young, proof)).toBe(false)
        if (older > 0 || newer === 0) {
          expect(isConsistent(hash, old, { ...young, root: hash.leaf(young.root) }, proof)).toBe(false)
        }
        if (proof.length > 0) {
          expect(isConsistent(hash, old, young, proof.slice(1))).toBe(false)
          expect(isConsistent(hash, old, young, proof.slice(0, -1))).toBe(false)
          expect(isConsistent(hash, { ...old, size: older - 1 }, young, proof)).toBe(false)
        }
        if (older < newer) expect(isConsistent(hash, young, old, proof)).toBe(false)
      }
    }
  })
})

test('a bit flipped anywhere in a proof is refused', () => {
  console.log(`seed ${seed}`)
  const next = random()
  const leaves = Array.from({ length: 200 }, (_, i) => Buffer.from(`leaf ${i}`))
  const headAt = (size: number): TreeHead => ({ size, root: mth(leaves.slice(0, size)) })
  for (let run = 0; run < 300; run++) {
    const newer = 2 + Math.floor(next() * 198)
    const older = 1 + Math.floor(next() * (newer - 1))
    const proof = subproof(older, leaves.slice(0, newer), true)
    const flipped = proof.map((each) => Buffer.from(each))
    flipped[Math.floor(next() * proof.length)]![Math.floor(next() * 32)]! ^= 1 << Math.floor(next() * 8)
    const heads = [headAt(older), headAt(newer)] as const
    expect(isConsistent(hash, ...heads, proof)).toBe(true)
    expect(isConsistent(hash, ...heads, flipped)).toBe(false)
  }
})

test('a frontier goes on from what it kept, and takes perfect subtrees', () => {
  const leaves = Array.from({ length: 300 }, (_, i) => Buffer.from(`leaf ${i}`))
  const first = new Frontier(hash)
  for (const leaf of leaves.slice(0, 173)) first.append(hash.leaf(leaf))
  const second = new Frontier(hash, first.size, first.edge)
  for (const leaf of leaves.slice(173)) second.append(hash.leaf(leaf))
  expect(hex(second.root())).toBe(hex(mth(leaves)))

  const third = new Frontier(hash)
  third.append(mth(leaves.slice(0, 256)), 256)
  third.append(mth(leaves.slice(256, 288)), 32)
  expect(hex(third.root())).toBe(hex(mth(leaves.slice(0, 288))))
  expect(() => new Frontier(hash, 3, [hash.empty()])).toThrow(RangeError)
})
