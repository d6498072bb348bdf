import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Filter } from '../../src/recall/filter.ts'
import { decodeEntry, encodeEntry } from '../../src/recall/index-entry.ts'
import type { Language, Languages } from '../../src/recall/languages.ts'
import { newestFirst, type Query, rank } from '../../src/recall/rank.ts'
import type { Shelf, ShelfEntry } from '../../src/recall/shelf.ts'
import { type RankedShelf, ShelfDigest } from '../../src/recall/shelf-digest.ts'
import { codeOf } from '../support/code-of.ts'
import { runs } from './run-parameters.ts'
import { entry, shelfOf, someEntries, someTerms, someVector, words } from './shelf-entries.ts'

// `rank` and `newestFirst` are typed for shelves; a digest has all that they read of one.
const asShelf = (digest: RankedShelf) => digest as unknown as Shelf

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    const more = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed))
    return ((more ^ (more >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Digests keep ids as the 16 bytes that they are. */
const uuid = (letter: string) => `01890000-0000-7000-8000-0000000000${letter.charCodeAt(0).toString(16)}`
/** As they come from the database. */
const stored = (index: ShelfEntry['index']) => decodeEntry(encodeEntry(index))

const few = <T>(...values: T[]) => fc.constantFrom(...values)
/** Absent, or one of the values. */
const maybe = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })

const someFilter: fc.Arbitrary<Filter> = fc
  .record({
    kinds: maybe(['fact'], ['turn'], ['fact', 'turn']),
    tags: maybe(['red'], ['blue', 'green']),
    agent: maybe('scout', null),
    session: maybe('s1', null),
    sinceMs: maybe(0, 3),
    untilMs: maybe(7),
    minTrust: maybe('user' as const),
    sensitivity: maybe(['public' as const, 'private' as const], ['sensitive' as const]),
    nowMs: fc.nat(10),
  })
  .map((filter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as never)

/** Knows one language of two: cuts its words, and takes one for a stop word. */
const english: Language = { stem: (word) => word.slice(0, 3), isStopWord: (word) => word === 'fig' }
const languages: Languages = {
  languageOf: () => null,
  language: (code) => (code === 'en' ? english : null),
}

const someQuery: fc.Arbitrary<Query> = fc
  .record({ terms: someTerms, vector: fc.option(someVector), stems: fc.boolean() })
  .map(({ terms, vector, stems }) => ({ terms, vector, model: vector && 'm', ...(stems ? { languages } : {}) }))

const someCase = fc.record({
  rows: someEntries,
  spoken: fc.array(few(null, 'en', 'de'), { minLength: 12, maxLength: 12 }),
  split: fc.nat(12),
  query: someQuery,
  filter: someFilter,
  limit: fc.integer({ min: 1, max: 14 }),
  weights: few({}, { recency: 0.5, importance: 0.25 }),
})
type Case = typeof someCase extends fc.Arbitrary<infer T> ? T : never

/** The rows of two subjects. */
function shelvesOf({ rows, split, spoken }: Case) {
  const all = rows.map((row, n) => {
    return { ...row, id: uuid(row.id), index: stored({ ...row.index, language: spoken[n]! }) }
  })
  const on = (part: ShelfEntry[], subjectTag: string) => part.map((row) => ({ ...row, subjectTag }))
  return [on(all.slice(0, split), '00'), on(all.slice(split), '01')] as const
}

function digestOf(rows: readonly ShelfEntry[], filter: Filter, query: Query | null): Shelf {
  const digest = new ShelfDigest({ filter, query })
  for (let from = 0; from < rows.length; from += 5) digest.add(rows.slice(from, from + 5))
  return asShelf(digest)
}

describe('a digest ranks as the shelves it was made of', () => {
  test('all in one, or beside one that is held', () => {
    fc.assert(
      fc.property(someCase, (given) => {
        const [first, second] = shelvesOf(given)
        const { filter, query, limit, weights } = given
        const wanted = rank([shelfOf(first), shelfOf(second)], query, filter, limit, weights)
        const all = digestOf([...first, ...second], filter, query)
        const beside = [shelfOf(first), digestOf(second, filter, query)]
        for (const shelves of [[all], beside]) {
          const ranked = rank(shelves, query, filter, limit, weights)
          expect(ranked.map((item) => item.entry.id)).toEqual(wanted.map((item) => item.entry.id))
          ranked.forEach(({ score, parts, entry: row }, n) => {
            expect(score).toBeCloseTo(wanted[n]!.score, 9)
            expect(Object.keys(parts)).toEqual(Object.keys(wanted[n]!.parts))
            expect(row).toMatchObject({ subjectTag: wanted[n]!.entry.subjectTag, version: wanted[n]!.entry.version })
          })
        }
      }),
      runs(2000),
    )
  })

  test('hundreds of rows, most of which no sum need be sharp for', () => {
    fc.assert(
      fc.property(fc.integer(), few(8, 200), few(0.02, 1), few({}, { recency: 0.5 }), (seed, dims, spread, weights) => {
        const random = seeded(seed)
        const some = (count: number) => Math.floor(random() * count)
        // Near to one another their order is not that of their high bytes.
        const centre = Array.from({ length: dims }, () => random() - 0.5)
        const vector = () => Float32Array.from(centre, (at) => at + spread * (random() + random() + random() - 1.5))
        const text = (count: number) => words(Array.from({ length: count }, () => `w${some(150)}`).join(' '))
        const rows = Array.from({ length: 700 }, (_, n) => {
          const session = some(3) === 0 ? `s${some(20)}` : null
          const row = entry('', { model: 'm', vector: some(9) > 0 ? vector() : null, terms: text(6), session })
          const id = `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
          return { ...row, id, atMs: some(1e9), subjectTag: n < 500 ? '00' : '01', index: stored(row.index) }
        })
        const own = vector()
        const length = Math.hypot(...own)
        const query: Query = { terms: text(3), vector: own.map((value) => value / length), model: 'm' }
        const shelves = [shelfOf(rows.slice(0, 500)), shelfOf(rows.slice(500))]
        for (const filter of [{ nowMs: 1e9 }, { nowMs: 1e9, sinceMs: 3e8 }]) {
          const digest = digestOf(rows, filter, query)
          for (const limit of [1, 3, 8, 20, 45, 90, 120, 200, 400]) {
            const wanted = rank([digest], query, filter, limit, weights)
            const ranked = rank(shelves, query, filter, limit, weights)
            expect(ranked.map((item) => item.entry.id)).toEqual(wanted.map((item) => item.entry.id))
            ranked.forEach(({ score }, n) => {
              expect(Math.abs(score - wanted[n]!.score)).toBeLessThan(1e-9)
            })
          }
        }
      }),
      runs(25),
    )
  })

  test('also after rows were taken out and came again in another state', () => {
    fc.assert(
      fc.property(someCase, fc.array(fc.nat(11), { maxLength: 8 }), (given, moved) => {
        const parts = shelvesOf(given)
        const rows = parts.flat()
        const { filter, query, limit, weights } = given
        const shelves = parts.map((part) => shelfOf(part))
        const digest = new ShelfDigest({ filter, query })
        digest.add(rows)
        for (const [n, at] of moved.entries()) {
          const row = rows[at]
          if (row === undefined) continue
          // The state of another row, in every third case none.
          const state = rows[(at + n + 1) % rows.length]!
          const next = { ...state, id: row.id, subjectTag: row.subjectTag, version: n + 2 }
          digest.remove([row.id])
          const shelf = shelves[parts[0].includes(row) ? 0 : 1]!
          shelf.remove(row.id)
          if (n % 3 === 2) continue
          digest.add([next])
          shelf.put(next)
        }
        // The rows stand in other slots, so sums are rounded in another order: what differs by less is a tie, in either order.
        const byId = (found: ReturnType<typeof rank>) => new Map(found.map((item) => [item.entry.id, item]))
        const wanted = byId(rank(shelves, query, filter, 20, weights))
        const ranked = byId(rank([asShelf(digest)], query, filter, 20, weights))
        expect([...ranked.keys()].sort()).toEqual([...wanted.keys()].sort())
        for (const [id, { score, entry: row }] of ranked) {
          expect(score).toBeCloseTo(wanted.get(id)!.score, 9)
          expect(row.version).toBe(wanted.get(id)!.entry.version)
        }
        const few = rank([asShelf(digest)], query, filter, limit, weights).map(({ score }) => score)
        rank(shelves, query, filter, limit, weights).forEach(({ score }, n) => {
          expect(few[n]).toBeCloseTo(score, 9)
        })
        const listed = newestFirst([asShelf(digest)], filter, null, 20).map(({ id }) => id)
        expect(listed).toEqual(newestFirst(shelves, filter, null, 20).map(({ id }) => id))
      }),
      runs(1000),
    )
  })

  test('and lists as they do, page by page', () => {
    fc.assert(
      fc.property(someCase, (given) => {
        const { filter, limit } = given
        const [first, second] = shelvesOf(given)
        const all = digestOf([...first, ...second], filter, null)
        let after: ShelfEntry | null = null
        for (;;) {
          const wanted = newestFirst([shelfOf(first), shelfOf(second)], filter, after, limit)
          const found = newestFirst([all], filter, after, limit)
          const seen = ({ index: { language, session, agent, importance }, ...labels }: ShelfEntry) => ({
            ...labels,
            index: { language, session, agent, importance: importance ?? null },
          })
          expect(found.map(seen)).toEqual(wanted.map(seen))
          after = wanted.at(-1) ?? null
          if (after === null) break
        }
      }),
      runs(500),
    )
  })
})

test('a vector of another model is refused, unless the filter hides its row', async () => {
  const vector = Float32Array.of(1, 0, 0)
  const query: Query = { terms: words('boat'), vector, model: 'm' }
  const row = { ...entry('a', { model: 'other', vector, kind: 'turn' }), id: uuid('a') }
  const add = (filter: Filter) => codeOf(async () => new ShelfDigest({ filter, query }).add([row]))
  expect(await add({ nowMs: 0 })).toBe('ERR_EMBEDDER_MISMATCH')
  expect(await add({ nowMs: 0, kinds: ['fact'] })).toBe('none')
})

test('takes a small part of the memory of a shelf', () => {
  const vector = Float32Array.from({ length: 384 }, (_, n) => n + 1)
  const text = (n: number) => words(Array.from({ length: 25 }, (_, w) => `word${(n * 7 + w * w) % 400}`).join(' '))
  const hex = (n: number) => n.toString(16).padStart(12, '0')
  const rows = Array.from({ length: 2000 }, (_, n) => ({
    ...entry('', { model: 'm', vector, terms: text(n), session: `s${n % 50}` }),
    id: `01890000-0000-7000-8000-${hex(n)}`,
  }))
  const query: Query = { terms: words('word1 word2 word3'), vector, model: 'm' }
  const digest = new ShelfDigest({ filter: { nowMs: 0 }, query })
  digest.add(rows)
  expect(digest.size).toBe(2000)
  expect(digest.bytes / 2000).toBeLessThan(200)
  expect(shelfOf(rows).bytes / digest.bytes).toBeGreaterThan(10)
})
