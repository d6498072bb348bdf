import { describe, expect, test } from 'vitest'
import { decodeEntry, encodeEntry, type IndexEntry } from '../../src/recall/index-entry.ts'
import { Shelf } from '../../src/recall/shelf.ts'
import { codeOf } from '../support/code-of.ts'

// While one model takes another's place an entry has a vector of each.

const one = Float32Array.of(0.6, 0.8, 0)
const other = Float32Array.of(0, 1)
const entry: IndexEntry = {
  model: 'new',
  vector: one,
  language: null,
  terms: new Map([['word', 1]]),
  tags: ['t'],
  agent: null,
  session: null,
  importance: null,
  former: { model: 'old', vector: other },
}
const { former: _, ...plain } = entry

describe('in bytes', () => {
  test('both come back, and one alone is written as it was before there were two', () => {
    const bytes = encodeEntry(entry)
    const read = decodeEntry(bytes)
    expect(encodeEntry(read)).toEqual(bytes)
    expect(read.former!.model).toBe('old')
    expect([...read.former!.vector].map((value) => Math.round(value * 1e3))).toEqual([0, 1000])
    expect([bytes[0], encodeEntry(plain)[0]]).toEqual([3, 2])
    expect('former' in decodeEntry(encodeEntry(plain))).toBe(false)
    // The former vector may stand there alone: the new one is still to come.
    expect(decodeEntry(encodeEntry({ ...entry, vector: null })).former!.model).toBe('old')
  })

  test('cut short, with more behind it, or with one model twice it is refused', async () => {
    const bytes = encodeEntry(entry)
    for (let end = 0; end < bytes.length; end++) {
      expect(await codeOf(() => decodeEntry(bytes.subarray(0, end)) as never)).toBe('ERR_SEAL_BROKEN')
    }
    const broken = [
      Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.concat([Buffer.of(3), encodeEntry(plain).subarray(1)]),
      Buffer.concat([Buffer.of(2), bytes.subarray(1)]),
      Buffer.from(bytes.toString('latin1').replace('old', 'new'), 'latin1'),
    ]
    for (const each of broken) expect(await codeOf(() => decodeEntry(each) as never)).toBe('ERR_SEAL_BROKEN')
    for (const vector of [Float32Array.of(0), Float32Array.of(Number.NaN), new Float32Array()]) {
      const unfit = { ...entry, former: { model: 'old', vector } }
      expect(await codeOf(() => encodeEntry(unfit) as never)).toBe('ERR_INPUT_INVALID')
    }
    const twice = { ...entry, former: { model: 'new', vector: other } }
    expect(await codeOf(() => encodeEntry(twice) as never)).toBe('ERR_INPUT_INVALID')
  })
})

test('on a shelf both stand in their blocks, leave together, and an entry given out keeps both', () => {
  const row = {
    kind: 'note',
    trust: 'user',
    sensitivity: 'private',
    createdAtMs: 1,
    atMs: 1,
    expiresAtMs: null,
  } as const
  const put = (shelf: Shelf, id: string, index: IndexEntry) =>
    shelf.put({ id, subjectTag: 'aa', version: 1, ...row, index })
  const shelf = new Shelf()
  put(shelf, 'a', entry)
  put(shelf, 'b', { ...plain, model: 'old', vector: other })
  expect(shelf.blocks.map(({ model, dims }) => `${model}/${dims}`)).toEqual(['new/3', 'old/2'])
  const a = shelf.get('a')!.index
  expect([...a.former!.vector]).toEqual([0, 1])
  expect(shelf.get('b')!.index.former).toBeUndefined()
  shelf.remove('a')
  expect(shelf.blocks.map((block) => [0, 1].filter((slot) => block.has(slot)))).toEqual([[], [1]])
  put(shelf, 'c', { ...plain, vector: Float32Array.of(1, 0, 0) })
  expect(a.former!.model).toBe('old')
  expect([...a.former!.vector]).toEqual([0, 1])
  expect(a.vector!.map((value) => Math.round(value * 10))).toEqual(Float32Array.of(6, 8, 0))
  expect(shelf.get('c')!.index.former).toBeUndefined()
})
