import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { commitment, decodeOpening, encodeOpening, partCommit } from '../../src/proof/commitment.ts'
import { decodeHeadProof, encodeHeadProof } from '../../src/proof/head-proof.ts'
import { HeadTree, headHash, rootOfHead } from '../../src/proof/head-tree.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { TreeHash } from '../../src/proof/tree-hash.ts'
import { codeOf } from '../support/code-of.ts'

const part = (word: string) => ({
  key: createHash('sha256').update(`key of ${word}`).digest(),
  details: Buffer.from(`details of ${word}`),
})
const hmac = (word: string): Buffer => createHmac('sha256', part(word).key).update(part(word).details).digest()

test('one part: HMAC-SHA-256 of the details; several: SHA-256 over their HMACs', () => {
  expect(commitment(sha256, [part('a')])).toBe(hmac('a').toString('hex'))
  const both = createHash('sha256').update('memkeep/commit@v1\n').update(hmac('a')).update(hmac('b')).digest('hex')
  expect(commitment(sha256, [part('a'), part('b')])).toBe(both)
  expect(commitment(sha256, [part('b'), part('a')])).not.toBe(both)
  expect(() => commitment(sha256, [])).toThrow(RangeError)
})

test('a part can stay shut, and the others still open', () => {
  const shut = { commit: partCommit(sha256, part('a')) }
  expect(commitment(sha256, [shut, part('b')])).toBe(commitment(sha256, [part('a'), part('b')]))
  expect(commitment(sha256, [shut, part('c')])).not.toBe(commitment(sha256, [part('a'), part('b')]))
})

test('a key of another length is refused: two keys would give one HMAC', async () => {
  const { key, details } = part('a')
  const longer = Buffer.concat([key, Buffer.of(0)])
  expect(createHmac('sha256', longer).update(details).digest()).toEqual(hmac('a'))
  expect(await codeOf(() => commitment(sha256, [{ key: longer, details }]))).toBe('ERR_PROOF_INVALID')
  expect(await codeOf(() => commitment(sha256, [{ commit: hmac('a').subarray(1) }]))).toBe('ERR_PROOF_INVALID')
})

test('openings have one form', async () => {
  const opening = { index: 7, parts: [part('a'), { commit: hmac('b') }] }
  const bytes = Buffer.from(encodeOpening(opening))
  const read = decodeOpening(bytes)
  expect(commitment(sha256, read.parts)).toBe(commitment(sha256, [part('a'), part('b')]))
  const text = bytes.toString()
  for (const wrong of [
    text.slice(0, -1),
    text.replace('"index":7', '"index":-7'),
    text.replace('{"commit"', '{"key":"","commit"'),
    text.replace(/"parts":.*\]/, '"parts":[]'),
    text.replace(/"parts":.*\]/, '"parts":[null]'),
    text.replace('=","details', '","details'),
  ]) {
    expect(wrong).not.toBe(text)
    expect(await codeOf(() => decodeOpening(Buffer.from(wrong))), wrong).toBe('ERR_PROOF_INVALID')
  }
})

test('a tick shows each tenant its head, and looks the same for 1 and for 200 tenants', () => {
  const hash = new TreeHash(sha256)
  const filler = (): Uint8Array => createHash('sha256').update(`${filled++}`).digest()
  let filled = 0
  const head = (i: number) => ({ origin: `memkeep.example/t${i}`, size: i, root: sha256(Buffer.from(`${i}`)) })
  const salt = (i: number): Uint8Array => sha256(Buffer.from(`salt ${i}`))
  for (const [tenants, length] of [
    [1, 8],
    [200, 8],
    [256, 8],
    [257, 9],
  ] as const) {
    const hashes = Array.from({ length: tenants }, (_, i) => headHash(hash, head(i), salt(i)))
    const tree = new HeadTree(hash, hashes, filler)
    for (let slot = 0; slot < tenants; slot++) {
      const path = tree.path(slot)
      expect(path).toHaveLength(length)
      expect(rootOfHead(hash, head(slot), { slot, salt: salt(slot), path })).toEqual(tree.root())
      expect(rootOfHead(hash, head(slot + 1), { slot, salt: salt(slot), path })).not.toEqual(tree.root())
      expect(rootOfHead(hash, head(slot), { slot: slot ^ 1, salt: salt(slot), path })).not.toEqual(tree.root())
    }
    expect(rootOfHead(hash, head(0), { slot: 512, salt: salt(0), path: tree.path(0) })).toBeNull()
  }
})

test('the proof of a head has one form, and hashes of one length', async () => {
  const proof = { slot: 3, salt: sha256(Buffer.of(1)), path: [sha256(Buffer.of(2))] }
  const text = Buffer.from(encodeHeadProof(proof)).toString()
  expect(decodeHeadProof(Buffer.from(text))).toEqual(proof)
  const short = Buffer.from(sha256(Buffer.of(2)).subarray(1)).toString('base64')
  for (const wrong of [
    text.replace(/"path":\[.*\]/, `"path":["${short}"]`),
    text.replace(/"path":\[.*\]/, '"path":[7]'),
    text.replace('"slot":3', '"slot":"3"'),
    text.replace('"v":1', '"v":2'),
  ]) {
    expect(wrong).not.toBe(text)
    expect(await codeOf(() => decodeHeadProof(Buffer.from(wrong))), wrong).toBe('ERR_PROOF_INVALID')
  }
  const hash = new TreeHash(sha256)
  const head = { origin: 'memkeep.example/t', size: 0, root: hash.empty() }
  expect(await codeOf(() => headHash(hash, head, new Uint8Array(31)))).toBe('ERR_PROOF_INVALID')
  expect(() => hash.node(new Uint8Array(31), new Uint8Array(32))).toThrow(RangeError)
})
