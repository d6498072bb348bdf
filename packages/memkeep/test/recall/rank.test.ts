import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { trusts } from '../../src/core/labels.ts'
import type { Filter } from '../../src/recall/filter.ts'
import { newestFirst, type Query, rank } from '../../src/recall/rank.ts'
import type { ShelfEntry } from '../../src/recall/shelf.ts'
import { runs } from './run-parameters.ts'
import { entry, shelfOf, someEntries, someTerms, someVector, words } from './shelf-entries.ts'

const now = { nowMs: 0 }
const byWords = (text: string): Query => ({ terms: words(text), vector: null, model: null })
const ids = (ranked: readonly { entry: ShelfEntry }[]) => ranked.map((item) => item.entry.id)

/** A mean of zero and a deviation of one, by the book. */
function standardised(values: readonly number[]): number[] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)
  return values.map((value) => (deviation < 1e-9 ? 0 : (value - mean) / deviation))
}

/** Score of every row that may be answered, from the formulas, one row and one term at a time. Null: not to be answered. */
function reference(rows: readonly ShelfEntry[], query: Query, nowMs: number): Map<string, number> {
  const live = rows.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
  const lengthOf = ({ index }: ShelfEntry) => [...index.terms.values()].reduce((a, b) => a + b, 0)
  const average = live.reduce((sum, row) => sum + lengthOf(row), 0) / live.length
  const bm25 = live.map((row) => {
    let score = 0
    for (const [term, weight] of query.terms) {
      const tf = row.index.terms.get(term) ?? 0
      const df = live.filter(({ index }) => index.terms.has(term)).length
      const idf = Math.log((live.length - df + 0.5) / (df + 0.5) + 1)
      if (tf > 0) score += weight * idf * ((tf * 2.2) / (tf + 1.2 * (0.25 + (0.75 * lengthOf(row)) / average)))
    }
    return score
  })
  const shares = (row: ShelfEntry) => [...query.terms.keys()].some((term) => row.index.terms.has(term))
  if (query.vector === null) {
    return new Map(live.flatMap((row, i) => (shares(row) ? [[row.id, bm25[i]!] as const] : [])))
  }
  const cosine = (row: ShelfEntry) => {
    const vector = row.index.vector!
    const largest = Math.max(...[...vector].map(Math.abs))
    const bytes = [...vector].map((value) => Math.round((value / largest) * 127))
    const dot = bytes.reduce((sum, value, i) => sum + value * query.vector![i]!, 0)
    return dot / Math.hypot(...bytes)
  }
  const embedded = live.filter(({ index }) => index.vector !== null)
  const near = standardised(embedded.map(cosine))
  const shared = standardised(bm25)
  const scores = new Map<string, number>()
  live.forEach((row, i) => {
    const vector = embedded.includes(row) ? near[embedded.indexOf(row)]! : 0
    if (shares(row) || embedded.includes(row)) scores.set(row.id, shared[i]! + vector)
  })
  return scores
}

/** The same entry, never to expire. */
const lasting = (row: ShelfEntry): ShelfEntry => ({ ...row, expiresAtMs: null })

function admits(row: ShelfEntry, filter: Omit<Filter, 'nowMs'>, nowMs: number): boolean {
  return (
    (row.expiresAtMs ?? 99) > nowMs &&
    (filter.kinds === undefined || filter.kinds.some((kind) => kind === row.kind)) &&
    (filter.tags ?? []).every((tag) => row.index.tags.includes(tag)) &&
    (filter.agent ?? row.index.agent) === row.index.agent &&
    (filter.session ?? row.index.session) === row.index.session &&
    row.atMs >= (filter.sinceMs ?? 0) &&
    row.atMs < (filter.untilMs ?? 10) &&
    trusts.indexOf(row.trust) >= trusts.indexOf(filter.minTrust ?? 'external')
  )
}

/** Two shelves at once: a subject's and the common one. */
const someCase = fc.record({
  rows: someEntries,
  split: fc.nat(12),
  terms: someTerms,
  vector: fc.option(someVector),
  nowMs: fc.nat(10),
  limit: fc.integer({ min: 1, max: 14 }),
})
type Case = typeof someCase extends fc.Arbitrary<infer T> ? T : never

const shelvesOf = ({ rows, split }: Case) => [shelfOf(rows.slice(0, split)), shelfOf(rows.slice(split))]
const queryOf = ({ terms, vector }: Case): Query => ({ terms, vector, model: vector && 'm' })

describe('rank', () => {
  test('gives the scores of the formulas, best first, and leaves out none that is better', () => {
    fc.assert(
      fc.property(someCase, (given) => {
        const wanted = reference(given.rows, queryOf(given), given.nowMs)
        const ranked = rank(shelvesOf(given), queryOf(given), { nowMs: given.nowMs }, given.limit)
        expect(ranked.length).toBe(Math.min(given.limit, wanted.size))
        for (const { entry: row, score } of ranked) expect(score).toBeCloseTo(wanted.get(row.id)!, 7)
        const worst = ranked.at(-1)?.score ?? Number.POSITIVE_INFINITY
        for (const [id, score] of wanted) if (!ids(ranked).includes(id)) expect(score).toBeLessThan(worst + 1e-7)
        for (const { score, parts } of ranked) {
          expect(score).toBe(Object.values(parts).reduce((a, b) => a + b, 0))
          expect(Object.keys(parts)).toEqual(given.vector ? ['terms', 'vector'] : ['terms'])
        }
      }),
      runs(2000),
    )
  })

  test('orders by score, then newer, then the later id; a smaller limit is a prefix', () => {
    fc.assert(
      fc.property(someCase, (given) => {
        const all = rank(shelvesOf(given), queryOf(given), { nowMs: given.nowMs }, 100)
        const ordered = [...all].sort(
          (a, b) =>
            b.score - a.score || b.entry.createdAtMs - a.entry.createdAtMs || (a.entry.id > b.entry.id ? -1 : 1),
        )
        expect(ids(all)).toEqual(ids(ordered))
        const some = rank(shelvesOf(given), queryOf(given), { nowMs: given.nowMs }, given.limit)
        expect(ids(some)).toEqual(ids(all).slice(0, given.limit))
      }),
      runs(1000),
    )
  })

  test('equal rows come newer first, then the later id, whatever the order in which they were put', () => {
    const terms = words('boat')
    const rows = ['d', 'b', 'a', 'c'].map((id) => entry(id, { terms, createdAtMs: id === 'd' ? 5 : 1 }))
    const others = ['x', 'y', 'z'].map((id) => entry(id, { terms: words('other') }))
    fc.assert(
      fc.property(fc.shuffledSubarray([...rows, ...others], { minLength: 7 }), (shuffled) => {
        expect(ids(rank([shelfOf(shuffled)], byWords('boat'), now, 3))).toEqual(['d', 'c', 'b'])
      }),
      runs(50),
    )
  })

  test('answers with a filter what shelves holding nothing else would answer without one', () => {
    const someFilter = fc.record(
      {
        kinds: fc.subarray(['fact', 'turn']),
        tags: fc.subarray(['red', 'blue', 'green'], { maxLength: 2 }),
        agent: fc.constantFrom(null, 'scout', 'clerk'),
        session: fc.constantFrom(null, 's1', 's2'),
        sinceMs: fc.nat(9),
        untilMs: fc.nat(10),
        minTrust: fc.constantFrom(...trusts),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(someCase, someFilter, (given, filter) => {
        const seen = shelvesOf(given)
        const kept = seen.map((shelf) =>
          shelfOf([...shelf.entries()].filter((row) => admits(row, filter, given.nowMs)).map(lasting)),
        )
        const wanted = rank(kept, queryOf(given), { nowMs: 0 }, 100)
        const got = rank(seen, queryOf(given), { ...filter, nowMs: given.nowMs }, 100)
        expect(ids(got).sort()).toEqual(ids(wanted).sort())
        for (const { entry: row, score } of got) {
          expect(score).toBeCloseTo(wanted.find((item) => item.entry.id === row.id)!.score, 9)
        }
      }),
      runs(2000),
    )
  })

  test.each([
    ['another session', { session: 's2' }, { session: 's1' }],
    ['another agent', { agent: 'clerk' }, { agent: 'scout' }],
    ['less trust', { trust: 'external' as const }, { minTrust: 'user' as const }],
  ])('does not let a score tell of rows of %s', (_, hidden, filter) => {
    const own = ['boat lake', 'boat elm elm'].map((text, i) =>
      entry(`${i}`, { terms: words(text), session: 's1', agent: 'scout' }),
    )
    const others = ['lake', 'elm lake', 'elm'].map((text, i) =>
      entry(`x${i}`, { session: 's1', agent: 'scout', ...hidden, terms: words(text) }),
    )
    const scores = (rows: ShelfEntry[], by: Partial<Filter>) =>
      rank([shelfOf(rows)], byWords('lake elm'), { ...now, ...by }, 100).map((item) => [item.entry.id, item.score])
    // Without the filter the others do show in the scores; or this test would prove nothing.
    expect(scores([...own, ...others], {})).not.toEqual(expect.arrayContaining(scores(own, {})))
    expect(scores([...own, ...others], filter)).toEqual(scores(own, {}))
  })

  test('a row that expired leaves no trace in any score', () => {
    const rows = [entry('a', { terms: words('boat lake') }), entry('b', { terms: words('boat elm elm') })]
    const going = Array.from({ length: 5 }, (_, i) => entry(`g${i}`, { terms: words('lake elm'), expiresAtMs: 10 }))
    const scores = (shelf: ReturnType<typeof shelfOf>, nowMs: number) =>
      rank([shelf], byWords('lake elm'), { nowMs }, 100).map(({ entry: { id }, score }) => [id, score])
    const alone = scores(shelfOf(rows), 10)
    // Before they expire they do show in the scores of the others; or this test would prove nothing.
    expect(scores(shelfOf([...rows, ...going]), 9)).not.toEqual(expect.arrayContaining(alone))
    expect(scores(shelfOf([...rows, ...going]), 10)).toEqual(alone)
  })

  test('no shelf, no row, no term in common, no limit: no answer', () => {
    expect(rank([], byWords('boat'), now, 10)).toEqual([])
    expect(rank([shelfOf([])], byWords('boat'), now, 10)).toEqual([])
    expect(rank([shelfOf([])], { terms: words('boat'), vector: Float32Array.of(1), model: 'm' }, now, 10)).toEqual([])
    expect(rank([shelfOf([entry('a', { terms: words('lake') })])], byWords('boat'), now, 10)).toEqual([])
    expect(rank([shelfOf([entry('a', { terms: words('boat') })])], byWords('boat'), now, 0)).toEqual([])
  })

  test('meaning finds what shares no word, and words still count', () => {
    const shelf = shelfOf([
      entry('near', { model: 'm', vector: Float32Array.of(1, 0), terms: words('dinner') }),
      entry('far', { model: 'm', vector: Float32Array.of(-1, 0), terms: words('lunch') }),
      entry('words', { model: 'm', vector: Float32Array.of(0, 1), terms: words('meal plan') }),
    ])
    const query = { terms: words('meal'), vector: Float32Array.of(1, 0), model: 'm' }
    expect(ids(rank([shelf], query, now, 3))).toEqual(['words', 'near', 'far'])
    expect(ids(rank([shelf], { ...query, terms: new Map() }, now, 3))).toEqual(['near', 'words', 'far'])
  })
})

describe('vectors of another model', () => {
  const query = { terms: words('boat'), vector: Float32Array.of(1, 0), model: 'new' }
  const old = entry('a', { model: 'old', vector: Float32Array.of(1, 0), terms: words('boat'), expiresAtMs: 10 })
  const narrow = entry('b', { model: 'new', vector: Float32Array.of(1, 0, 0), terms: words('boat') })

  test('are refused', () => {
    for (const row of [old, narrow]) {
      const refused = expect.objectContaining({ code: 'ERR_EMBEDDER_MISMATCH' })
      expect(() => rank([shelfOf([]), shelfOf([row])], query, now, 10)).toThrow(refused)
      // A refusal must not tell of a row that the filter hides.
      expect(rank([shelfOf([row])], query, { ...now, session: 's1' }, 10)).toEqual([])
    }
  })

  test('do not matter once their rows have gone or expired, nor to a query by words alone', () => {
    expect(rank([shelfOf([old])], query, { nowMs: 10 }, 10)).toEqual([])
    expect(ids(rank([shelfOf([old])], byWords('boat'), now, 10))).toEqual(['a'])
    const shelf = shelfOf([old, entry('c', { terms: words('boat') })])
    shelf.remove('a')
    expect(ids(rank([shelf], query, now, 10))).toEqual(['c'])
  })
})

describe('newestFirst', () => {
  test('walks every row that passes once, newest first, page by page', () => {
    fc.assert(
      fc.property(someCase, fc.integer({ min: 1, max: 5 }), (given, page) => {
        const shelves = shelvesOf(given)
        const walked: ShelfEntry[] = []
        for (let after: ShelfEntry | null = null; ; after = walked.at(-1)!) {
          const items = newestFirst(shelves, { kinds: ['fact'], nowMs: given.nowMs }, after, page)
          walked.push(...items)
          if (items.length < page) break
        }
        const wanted = given.rows
          .filter(({ kind, expiresAtMs }) => kind === 'fact' && (expiresAtMs ?? 99) > given.nowMs)
          .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id > b.id ? -1 : 1))
        expect(walked.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id))
      }),
      runs(500),
    )
  })

  test('goes on behind a place whose entry is gone', () => {
    const shelf = shelfOf([entry('a', { createdAtMs: 3 }), entry('c', { createdAtMs: 1 })])
    expect(newestFirst([shelf], now, { createdAtMs: 2, id: 'b' }, 10).map(({ id }) => id)).toEqual(['c'])
  })
})
