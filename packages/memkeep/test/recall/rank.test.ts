import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { trusts } from '../../src/core/labels.ts'
import type { Filter } from '../../src/recall/filter.ts'
import type { Languages } from '../../src/recall/languages.ts'
import { readVector, writeVector } from '../../src/recall/quantised.ts'
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
  return values.map((value) => (deviation < 1e-4 ? 0 : (value - mean) / deviation))
}

/** Every row's relevance, what its neighbours lend it, and whether it answers by itself, from the formulas. */
function reference(shelves: readonly (readonly ShelfEntry[])[], query: Query, nowMs: number): Map<string, number> {
  const rows = shelves.flat()
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
  const cosine = (row: ShelfEntry) => {
    const vector = readVector(writeVector(row.index.vector!)!)!
    return vector.reduce((sum, value, i) => sum + value * query.vector![i]!, 0)
  }
  const embedded = query.vector === null ? [] : live.filter(({ index }) => index.vector !== null)
  const near = standardised(embedded.map(cosine))
  const shared = query.vector === null ? bm25 : standardised(bm25)
  const relevance = live.map((row, i) => shared[i]! + (embedded.includes(row) ? near[embedded.indexOf(row)]! : 0))
  const answers = live.map((row) => shares(row) || embedded.includes(row))
  const scores = new Map<string, number>()
  live.forEach((row, i) => {
    const talk = shelves
      .find((shelf) => shelf.includes(row))!
      .filter((other) => live.includes(other) && isBeside(other, row))
    const place = talk.sort(inOrder).indexOf(row)
    const beside = [talk[place - 1], talk[place + 1]].filter((other) => other !== undefined)
    const lent = 0.25 * Math.max(0, ...beside.map((other) => relevance[live.indexOf(other)]!))
    if (answers[i] || lent > 0) scores.set(row.id, relevance[i]! + lent)
  })
  return scores
}

const isBeside = (a: ShelfEntry, b: ShelfEntry) =>
  a === b || (a.index.session !== null && a.index.session === b.index.session)
const inOrder = (a: ShelfEntry, b: ShelfEntry) =>
  a.atMs - b.atMs || a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1)

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
    trusts.indexOf(row.trust) >= trusts.indexOf(filter.minTrust ?? 'external') &&
    (filter.sensitivity ?? [row.sensitivity]).some((one) => one === row.sensitivity)
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

const listsOf = ({ rows, split }: Case) => [rows.slice(0, split), rows.slice(split)]
const shelvesOf = (given: Case) => listsOf(given).map(shelfOf)
const queryOf = ({ terms, vector }: Case): Query => ({ terms, vector, model: vector && 'm' })

describe('rank', () => {
  test('gives the scores of the formulas, best first, and leaves out none that is better', () => {
    fc.assert(
      fc.property(someCase, (given) => {
        const wanted = reference(listsOf(given), queryOf(given), given.nowMs)
        const ranked = rank(shelvesOf(given), queryOf(given), { nowMs: given.nowMs }, given.limit)
        expect(ranked.length).toBe(Math.min(given.limit, wanted.size))
        // Cosines are those of 16 bits, also of the query; a small spread of them makes the difference larger.
        const about = given.vector ? 1e-3 : 1e-9
        for (const { entry: row, score } of ranked) expect(Math.abs(score - wanted.get(row.id)!)).toBeLessThan(about)
        const worst = ranked.at(-1)?.score ?? Number.POSITIVE_INFINITY
        for (const [id, score] of wanted) if (!ids(ranked).includes(id)) expect(score).toBeLessThan(worst + about)
        for (const { score, parts } of ranked) {
          expect(score).toBe(Object.values(parts).reduce((a, b) => a + b, 0))
          expect(Object.keys(parts).filter((part) => part !== 'neighbour')).toEqual(
            given.vector ? ['terms', 'vector'] : ['terms'],
          )
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
        sensitivity: fc.subarray(['public' as const, 'private' as const, 'sensitive' as const]),
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

  const endings: Record<string, RegExp> = { en: /(ing|s)$/, de: /(en|e)$/ }
  const languages: Languages = {
    languageOf: () => null,
    language: (code) => {
      const ending = endings[code]
      return ending
        ? { stem: (word) => word.replace(ending, ''), isStopWord: (word) => code === 'en' && word === 'of' }
        : null
    },
  }

  test('looks for a word by its stem in the language of each row, and as it stands where there is none', () => {
    const rows = [
      entry('plain', { terms: words('sailing') }),
      entry('english', { language: 'en', terms: words('sail') }),
      entry('other word', { language: 'de', terms: words('sail') }),
      entry('german', { language: 'de', terms: words('sailing') }),
      entry('unknown', { language: 'xx', terms: words('sailing') }),
      entry('stem alone', { terms: words('sail') }),
    ]
    const ask = (query: Query) => ids(rank([shelfOf(rows)], query, now, 9)).sort()
    expect(ask({ ...byWords('sailing'), languages })).toEqual(['english', 'german', 'plain', 'unknown'])
    expect(ask({ ...byWords('sails'), languages })).toEqual(['english'])
    expect(ask(byWords('sailing'))).toEqual(['german', 'plain', 'unknown'])
    // How many hold a word counts over all languages: it is worth the same in each.
    const scores = rank([shelfOf(rows)], { ...byWords('sailing'), languages }, now, 9).map(({ score }) => score)
    expect(new Set(scores).size).toBe(1)
  })

  test('passes over the stop words of each language, unless a query has no others', () => {
    const rows = ['en', 'de'].flatMap((language) => [
      entry(`${language} both`, { language, terms: words('of boat') }),
      entry(`${language} stop`, { language, terms: words('of') }),
    ])
    const ask = (text: string) => ids(rank([shelfOf(rows)], { ...byWords(text), languages }, now, 9)).sort()
    expect(ask('of boat')).toEqual(['de both', 'de stop', 'en both'])
    expect(ask('of')).toEqual(['de both', 'de stop', 'en both', 'en stop'])
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

describe('a row beside the one that was asked for', () => {
  const talk = ['boat lake', 'elm', 'fig', 'lake'].map((text, i) =>
    entry(`t${i}`, { terms: words(text), session: 's1', atMs: i }),
  )
  const found = (rows: ShelfEntry[], text: string, filter: Filter = now) =>
    rank([shelfOf(rows)], byWords(text), filter, 9).map(({ entry: { id }, score }) => [id, score] as const)

  test('comes with a quarter of its score, in whatever order the rows came', () => {
    for (const rows of [talk, [...talk].reverse(), [talk[2]!, talk[0]!, talk[3]!, talk[1]!]]) {
      const [first, second, ...rest] = found(rows, 'boat')
      expect([first![0], second![0], rest]).toEqual(['t0', 't1', []])
      expect(second![1]).toBe(first![1] / 4)
    }
  })

  test('does not come when it is of another session, of none, or on another shelf', () => {
    const moved = (session: string | null) =>
      talk.map((row) => (row.id === 't0' ? row : { ...row, index: { ...row.index, session } }))
    for (const session of ['s2', null]) expect(found(moved(session), 'boat').map(([id]) => id)).toEqual(['t0'])
    const apart = rank([shelfOf(talk.slice(0, 1)), shelfOf(talk.slice(1))], byWords('boat'), now, 9)
    expect(ids(apart)).toEqual(['t0'])
  })

  test('is the next one that may be seen, and the next one that is left', () => {
    const kinds = talk.map((row) => ({ ...row, kind: row.id === 't1' ? 'hidden' : 'turn' }))
    expect(found(kinds, 'boat', { ...now, kinds: ['turn'] }).map(([id]) => id)).toEqual(['t0', 't2'])
    const shelf = shelfOf(talk)
    for (const [gone, wanted] of [
      ['t1', ['t0', 't2']],
      ['t2', ['t0', 't3']],
      ['t3', ['t0']],
    ] as const) {
      shelf.remove(gone)
      expect(ids(rank([shelf], byWords('boat'), now, 9))).toEqual(wanted)
    }
  })
})

describe('weights', () => {
  const rows = [
    entry('old', { terms: words('boat'), atMs: 0, importance: 1 }),
    entry('new', { terms: words('boat'), atMs: 40 * 86_400_000, importance: 0 }),
    entry('unsaid', { terms: words('boat'), atMs: 20 * 86_400_000 }),
    entry('other', { terms: words('elm') }),
  ]
  const nowMs = 40 * 86_400_000

  test('change nothing unless given', () => {
    const plainly = rank([shelfOf(rows)], byWords('boat'), { nowMs }, 9)
    expect(new Set(plainly.map(({ score }) => score)).size).toBe(1)
    expect(rank([shelfOf(rows)], byWords('boat'), { nowMs }, 9, {})).toEqual(plainly)
    expect(plainly[0]!.parts).toEqual({ terms: plainly[0]!.score })
  })

  test('add a part that halves with age, and one for importance', () => {
    const recent = rank([shelfOf(rows)], byWords('boat'), { nowMs }, 9, { recency: 2, halfLifeDays: 20 })
    expect(ids(recent)).toEqual(['new', 'unsaid', 'old'])
    const [most, half, quarter] = recent.map(({ parts }) => parts.recency!)
    expect([half! / most!, quarter! / most!]).toEqual([0.5, 0.25])
    const important = rank([shelfOf(rows)], byWords('boat'), { nowMs }, 9, { importance: 1 })
    expect(ids(important)).toEqual(['old', 'unsaid', 'new'])
  })

  test('are in deviations of the relevance, with a vector and without', () => {
    const bm25 = rank([shelfOf(rows)], byWords('boat'), { nowMs }, 9)[0]!.score
    // Three of four rows have that score and one has none.
    const deviation = bm25 * Math.sqrt(3 / 16)
    const [first] = rank([shelfOf(rows)], byWords('boat'), { nowMs }, 1, { recency: 2 })
    expect(first!.parts.recency).toBeCloseTo(2 * deviation, 9)
    const vector = Float32Array.of(1, 0)
    const [fused] = rank([shelfOf(rows)], { ...byWords('boat'), vector, model: 'm' }, { nowMs }, 1, { recency: 2 })
    expect(fused!.parts.recency).toBeCloseTo(2, 9)
  })

  test('leave out none that is better, and the parts add up', () => {
    const someWeights = fc.record({
      recency: fc.nat(3),
      halfLifeDays: fc.constantFrom(1e-8, 1e-7),
      importance: fc.nat(3),
    })
    fc.assert(
      fc.property(someCase, someWeights, (given, weights) => {
        const all = rank(shelvesOf(given), queryOf(given), { nowMs: given.nowMs }, 100, weights)
        const some = rank(shelvesOf(given), queryOf(given), { nowMs: given.nowMs }, given.limit, weights)
        expect(ids(some)).toEqual(ids(all).slice(0, given.limit))
        const scores = all.map(({ score }) => score)
        expect(scores).toEqual([...scores].sort((a, b) => b - a))
        for (const { score, parts } of all) expect(score).toBe(Object.values(parts).reduce((a, b) => a + b, 0))
      }),
      runs(1000),
    )
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
