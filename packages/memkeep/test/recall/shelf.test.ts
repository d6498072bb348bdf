import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEntry, encodeEntry } from '../../src/recall/index-entry.ts'
import { rank } from '../../src/recall/rank.ts'
import { Shelf, type ShelfEntry } from '../../src/recall/shelf.ts'
import { runs } from './run-parameters.ts'
import { entry, plain, shelfOf, someEntry, someTerms, someVector, words } from './shelf-entries.ts'

const someChange = fc.oneof(
  { weight: 3, arbitrary: someEntry.map((item) => ({ put: item })) },
  { weight: 1, arbitrary: someEntry.map(({ id }) => ({ remove: id })) },
)
const someHistory = fc.array(someChange, { maxLength: 60 })

function played(history: readonly ({ put: ShelfEntry } | { remove: string })[]) {
  const shelf = new Shelf()
  const model = new Map<string, ShelfEntry>()
  for (const change of history) {
    if ('put' in change) {
      shelf.put(change.put)
      model.set(change.put.id, change.put)
    } else {
      shelf.remove(change.remove)
      model.delete(change.remove)
    }
  }
  return { shelf, model }
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
const scoresOf = (shelf: Shelf, query: Parameters<typeof rank>[1], nowMs: number) =>
  rank([shelf], query, { nowMs }, 100).sort((a, b) => byId(a.entry, b.entry))

describe('a shelf changed step by step', () => {
  test('holds what the last change of each id said', () => {
    fc.assert(
      fc.property(someHistory, (history) => {
        const { shelf, model } = played(history)
        const held = [...shelf.entries()].map(plain).sort(byId)
        const fresh = [...shelfOf(model.values()).entries()].map(plain).sort(byId)
        expect(held).toEqual(fresh)
        expect(shelf.size).toBe(model.size)
        for (const [id, item] of model) {
          const { vector: _, ...index } = plain(shelf.get(id)!).index
          const { vector: __, ...wanted } = item.index
          expect({ ...shelf.get(id), index }).toEqual({ ...item, index: wanted })
        }
      }),
      runs(300),
    )
  })

  test('ranks as one built afresh, at any time and for any query', () => {
    fc.assert(
      fc.property(someHistory, someTerms, fc.option(someVector), fc.nat(10), (history, terms, vector, nowMs) => {
        const { shelf, model } = played(history)
        const query = { terms, vector, model: vector && 'm' }
        const stepwise = scoresOf(shelf, query, nowMs)
        const fresh = scoresOf(shelfOf(model.values()), query, nowMs)
        expect(stepwise.map(({ entry: { id } }) => id)).toEqual(fresh.map(({ entry: { id } }) => id))
        for (const [i, { score }] of stepwise.entries()) expect(score).toBeCloseTo(fresh[i]!.score, 9)
      }),
      runs(500),
    )
  })

  test('takes as much memory as one built afresh, but for room to grow', () => {
    fc.assert(
      fc.property(someHistory, (history) => {
        const { shelf, model } = played(history)
        for (const id of model.keys()) shelf.remove(id)
        const emptied = played(history.slice(0, 0)).shelf
        // What is left are the arrays by slot: 8 bytes each for length and expiry, 18 for a vector of three; and its empty block.
        expect(shelf.bytes - emptied.bytes).toBeGreaterThanOrEqual(0)
        expect(shelf.bytes - emptied.bytes).toBeLessThan(4000)
      }),
      runs(200),
    )
  })
})

test('a row ranks the same whether it was just written or read back from its sealed bytes', () => {
  fc.assert(
    fc.property(fc.array(someEntry, { maxLength: 12 }), someTerms, someVector, (entries, terms, vector) => {
      const reread = entries.map((item) => ({ ...item, index: decodeEntry(encodeEntry(item.index)) }))
      const query = { terms, vector, model: 'm' }
      const written = rank([shelfOf(entries)], query, { nowMs: 0 }, 100)
      const read = rank([shelfOf(reread)], query, { nowMs: 0 }, 100)
      expect(read.map(({ entry: { id }, score }) => [id, score])).toEqual(
        written.map(({ entry: { id }, score }) => [id, score]),
      )
    }),
    runs(300),
  )
})

test('an entry that was given out stays what it was when its slot is used again', () => {
  const shelf = new Shelf()
  const vector = Float32Array.from([1, 0])
  shelf.put(entry('a', { model: 'm', vector, terms: words('old words'), tags: ['t'] }))
  const given = shelf.get('a')!
  shelf.remove('a')
  shelf.put(entry('b', { model: 'm', vector: Float32Array.from([0, 1]), terms: words('new') }))
  expect(plain(given).index).toEqual({
    model: 'm',
    vector: [1, 0],
    terms: words('old words'),
    tags: ['t'],
    agent: null,
    language: null,
    importance: null,
    session: null,
  })
})

test('put replaces the entry of the same id, and forgets its terms', () => {
  const shelf = shelfOf([entry('a', { terms: words('rain') }), entry('a', { terms: words('sun'), version: 2 })])
  expect(shelf.size).toBe(1)
  expect(shelf.get('a')?.version).toBe(2)
  const found = (term: string) =>
    rank([shelf], { terms: words(term), vector: null, model: null }, { nowMs: 0 }, 9).length
  expect([found('rain'), found('sun')]).toEqual([0, 1])
})

test('a slot is used again: replacing entries takes no more memory', () => {
  const shelf = new Shelf()
  const bytes = [1, 2].map(() => {
    for (let i = 0; i < 500; i++) shelf.put(entry(`${i % 5}`, { terms: words(`word${i % 5}`), version: i + 1 }))
    return shelf.bytes
  })
  expect(shelf.slots).toBe(5)
  expect(bytes[1]).toBe(bytes[0])
})

test('a shelf knows whether a row has expired, also after it has left', () => {
  const shelf = shelfOf([entry('a', { expiresAtMs: 10 }), entry('b', { expiresAtMs: 20 }), entry('c')])
  const expired = () => [9, 10, 19, 20].map((nowMs) => shelf.hasExpired(nowMs))
  expect(expired()).toEqual([false, true, true, true])
  shelf.remove('a')
  expect(expired()).toEqual([false, false, false, true])
  shelf.put(entry('b', { expiresAtMs: null, version: 2 }))
  expect(expired()).toEqual([false, false, false, false])
})

test('an unknown id is neither found nor removed', () => {
  const shelf = shelfOf([entry('a')])
  shelf.remove('b')
  expect(shelf.get('b')).toBeUndefined()
  expect(shelf.size).toBe(1)
})

test('the estimate of memory grows with content', () => {
  const text = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ')
  const small = shelfOf([entry('a', { terms: words('one') })])
  const large = shelfOf([
    entry('a', { terms: words(text), tags: ['x'.repeat(100)], model: 'm', vector: new Float32Array(384).fill(1) }),
  ])
  expect(large.bytes - small.bytes).toBeGreaterThan(200 * 30 + 100 + 384)
})
