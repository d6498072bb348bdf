import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Shelf } from '../../src/recall/shelf.ts'
import { ShelfCache } from '../../src/recall/shelf-cache.ts'
import { runs } from './run-parameters.ts'
import { entry, shelfOf, words } from './shelf-entries.ts'

const shelf = (rows = 1) =>
  shelfOf(Array.from({ length: rows }, (_, i) => entry(`${i}`, { terms: words(`some words of row ${i}`) })))
const size = shelf().bytes

function cacheFor(shelves: number, maxIdleMs = 1000) {
  const clock = { at: 0, now: () => clock.at }
  return { clock, cache: new ShelfCache<string>({ budgetBytes: shelves * size, maxIdleMs, clock }) }
}

/** A read that is answered by hand. */
function pending() {
  const { promise, resolve, reject } = Promise.withResolvers<Shelf>()
  let reads = 0
  return {
    resolve,
    reject,
    read: () => {
      reads++
      return promise
    },
    get reads() {
      return reads
    },
  }
}

describe('the budget', () => {
  test('lets the least recently used go first', () => {
    const { cache } = cacheFor(2)
    cache.put('a', shelf())
    cache.put('b', shelf())
    cache.get('a')
    cache.put('c', shelf())
    expect(['a', 'b', 'c'].filter((key) => cache.get(key))).toEqual(['a', 'c'])
    expect(cache.stats).toEqual({ hits: 3, misses: 1, loads: 0, bytes: 2 * size, evictions: 1, shelves: 2 })
  })

  test('is not spent on a shelf larger than itself, which pushes nothing out', () => {
    const { cache } = cacheFor(2)
    cache.put('a', shelf())
    cache.put('large', shelf(100))
    expect(cache.get('large')).toBeUndefined()
    expect(cache.get('a')).toBeDefined()
  })

  test('sees a shelf that grew while it was held', () => {
    const { cache } = cacheFor(3)
    cache.put('a', shelf())
    cache.put('b', shelf())
    const grown = cache.get('b')!
    for (let i = 1; grown.bytes < 2.5 * size; i++) grown.put(entry(`${i}`, { terms: words(`other words ${i}`) }))
    expect(cache.get('b')).toBe(grown)
    expect(cache.get('a')).toBeUndefined()
    for (let i = 100; grown.bytes <= 3 * size; i++) grown.put(entry(`${i}`, { terms: words(`more ${i}`) }))
    expect(cache.get('b')).toBe(grown)
    expect(cache.stats).toMatchObject({ shelves: 0, bytes: 0, evictions: 2 })
  })

  test('holds for any sequence of calls, and the counted bytes are those of the shelves held', () => {
    const someKey = fc.constantFrom('a1', 'a2', 'b1', 'b2', 'b3')
    const someCall = fc.oneof(
      fc.record({ put: someKey, rows: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ get: someKey }),
      fc.record({ drop: fc.constantFrom('a', 'b', 'b3') }),
      fc.record({ pass: fc.nat(600) }),
    )
    fc.assert(
      fc.property(fc.array(someCall, { maxLength: 40 }), (calls) => {
        const { cache, clock } = cacheFor(4)
        const last = new Map<string, { held: Shelf; at: number }>()
        for (const call of calls) {
          if ('put' in call) {
            const held = shelf(call.rows)
            cache.put(call.put, held)
            last.set(call.put, { held, at: clock.at })
          } else if ('get' in call) {
            const found = cache.get(call.get)
            const wanted = last.get(call.get)
            if (found) {
              expect(found).toBe(wanted?.held)
              expect(clock.at - wanted!.at).toBeLessThan(1000)
              wanted!.at = clock.at
            } else last.delete(call.get)
          } else if ('drop' in call) {
            cache.drop(call.drop)
            for (const key of last.keys()) if (key.startsWith(call.drop)) last.delete(key)
          } else clock.at += call.pass
          expect(cache.stats.bytes).toBeLessThanOrEqual(4 * size)
        }
        const { shelves, bytes } = cache.stats
        cache.dropIdle()
        const found = [...last.keys()].map((key) => cache.get(key)).filter((held) => held !== undefined)
        expect(found.length).toBeLessThanOrEqual(shelves)
        expect(found.length).toBe(cache.stats.shelves)
        expect(cache.stats.bytes).toBe(found.reduce((sum, held) => sum + held.bytes, 0))
        expect(cache.stats.bytes).toBeLessThanOrEqual(bytes)
      }),
      runs(500),
    )
  })
})

describe('time', () => {
  test('lets go of what was not used for long enough, at the next use of the cache or when told', () => {
    const { cache, clock } = cacheFor(5)
    cache.put('a', shelf())
    cache.put('b', shelf())
    clock.at = 999
    expect(cache.get('a')).toBeDefined()
    clock.at = 1000
    expect(cache.stats.shelves).toBe(2)
    cache.dropIdle()
    expect(cache.stats).toMatchObject({ shelves: 1, bytes: size, evictions: 1 })
    clock.at = 1999
    expect(cache.get('a')).toBeUndefined()
  })
})

describe('dropping', () => {
  test('forgets every key that starts so, and no other', () => {
    const { cache } = cacheFor(5)
    for (const key of ['t1/a', 't1/b', 't2/a']) cache.put(key, shelf())
    cache.drop('t1/')
    expect(['t1/a', 't1/b', 't2/a'].map((key) => cache.get(key) !== undefined)).toEqual([false, false, true])
    cache.clear()
    expect(cache.stats).toMatchObject({ shelves: 0, bytes: 0 })
  })

  test('a key that is being loaded answers those who wait, and is not kept', async () => {
    const { cache } = cacheFor(5)
    const [old, fresh] = [pending(), pending()]
    const waiting = cache.load('t1/a', old.read)
    cache.drop('t1/')
    const later = cache.load('t1/a', fresh.read)
    const [before, after] = [shelf(), shelf()]
    old.resolve(before)
    expect(await waiting).toBe(before)
    expect(cache.get('t1/a')).toBeUndefined()
    fresh.resolve(after)
    expect(await later).toBe(after)
    expect(cache.get('t1/a')).toBe(after)
  })
})

describe('loading', () => {
  test('reads once for all who ask meanwhile, then not at all', async () => {
    const { cache } = cacheFor(5)
    const source = pending()
    const asked = [1, 2, 3].map(() => cache.load('a', source.read))
    const other = cache.load('b', async () => shelf())
    source.resolve(shelf())
    const found = await Promise.all(asked)
    expect(new Set(found).size).toBe(1)
    expect(await other).not.toBe(found[0])
    expect(await cache.load('a', source.read)).toBe(found[0])
    expect(source.reads).toBe(1)
    expect(cache.stats).toMatchObject({ hits: 1, misses: 4, loads: 2, shelves: 2 })
  })

  test('a failure reaches all who wait and is not remembered', async () => {
    const { cache } = cacheFor(5)
    const source = pending()
    const asked = [cache.load('a', source.read), cache.load('a', source.read)]
    const lost = new Error('lost')
    source.reject(lost)
    expect(await Promise.allSettled(asked)).toEqual([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ])
    const found = shelf()
    expect(await cache.load('a', async () => found)).toBe(found)
    expect(source.reads).toBe(1)
  })

  test('a read that throws at once is a failure like any other', async () => {
    const { cache } = cacheFor(5)
    const thrown = () => {
      throw new Error('at once')
    }
    await expect(cache.load('a', thrown)).rejects.toThrow('at once')
    await expect(cache.load('a', async () => shelf())).resolves.toBeDefined()
  })

  test('a shelf put meanwhile is not replaced by what was being loaded', async () => {
    const { cache } = cacheFor(5)
    const source = pending()
    const waiting = cache.load('a', source.read)
    const newer = shelf()
    cache.put('a', newer)
    source.resolve(shelf())
    await waiting
    expect(cache.get('a')).toBe(newer)
  })
})
