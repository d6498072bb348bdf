import { describe, expect, test } from 'vitest'
import type { Shelf } from '../../src/recall/shelf.ts'
import { type LoadControl, ShelfCache } from '../../src/recall/shelf-cache.ts'
import { codeOf } from '../support/code-of.ts'
import { entry, shelfOf, words } from './shelf-entries.ts'

const shelf = (rows = 1) =>
  shelfOf(Array.from({ length: rows }, (_, i) => entry(`${i}`, { terms: words(`some words of row ${i}`) })))
const size = shelf().bytes

/** Without a floor: plain least recently used. */
function cacheFor(shelves: number, longestMs = 1000) {
  const clock = { at: 0, now: () => clock.at }
  const budgetBytes = shelves * size
  return { clock, budgetBytes, cache: new ShelfCache<string>({ budgetBytes, floorBytes: 0, longestMs, clock }) }
}

/** A read that is answered by hand. */
function pending() {
  const { promise, resolve, reject } = Promise.withResolvers<Shelf | null>()
  const controls: LoadControl[] = []
  return {
    resolve,
    reject,
    controls,
    read: (control: LoadControl) => {
      controls.push(control)
      return promise
    },
  }
}

describe('the budget', () => {
  test('lets the least recently used go first', () => {
    const { cache, budgetBytes } = cacheFor(2)
    cache.put('t/a', shelf())
    cache.put('t/b', shelf())
    cache.get('t/a')
    cache.put('t/c', shelf())
    expect(['t/a', 't/b', 't/c'].filter((key) => cache.get(key))).toEqual(['t/a', 't/c'])
    const none = { loads: 0, streams: 0, broken: 0 }
    expect(cache.stats).toEqual({
      ...none,
      hits: 3,
      misses: 1,
      evictions: 1,
      shelves: 2,
      bytes: 2 * size,
      budgetBytes,
    })
  })

  test('is not spent on a shelf larger than itself, which pushes nothing out', () => {
    const { cache } = cacheFor(2)
    cache.put('t/a', shelf())
    cache.put('t/large', shelf(100))
    expect(cache.get('t/large')).toBeUndefined()
    expect(cache.get('t/a')).toBeDefined()
  })

  test('sees a shelf that grew while it was held, at its next use or when told', () => {
    const { cache } = cacheFor(3)
    cache.put('t/a', shelf())
    cache.put('t/b', shelf())
    const grown = cache.peek('t/b')!
    for (let i = 1; grown.bytes < 2.5 * size; i++) grown.put(entry(`${i}`, { terms: words(`other words ${i}`) }))
    cache.put('t/b', grown)
    expect(cache.peek('t/a')).toBeUndefined()
    for (let i = 100; grown.bytes <= 3 * size; i++) grown.put(entry(`${i}`, { terms: words(`more ${i}`) }))
    expect(cache.get('t/b')).toBe(grown)
    expect(cache.stats).toMatchObject({ shelves: 0, bytes: 0, evictions: 2, hits: 1, misses: 0 })
  })
})

describe('time', () => {
  test('lets go of what was not confirmed for long enough, when it is asked for or when told', () => {
    const { cache, clock } = cacheFor(5)
    const [confirmed, other] = [shelf(), shelf()]
    cache.put('t/a', confirmed)
    cache.put('t/b', other)
    clock.at = 999
    // Use alone is no word of the database, nor is what it said of another shelf under that key.
    expect(cache.get('t/b')).toBe(other)
    cache.put('t/b', other)
    cache.confirm('t/b', confirmed, 999)
    cache.confirm('t/a', confirmed, 998)
    cache.confirm('t/a', confirmed, 500)
    clock.at = 1000
    expect(cache.get('t/a')).toBe(confirmed)
    expect(cache.get('t/b')).toBeUndefined()
    cache.dropUnconfirmed()
    expect(cache.stats).toMatchObject({ shelves: 1, bytes: size, evictions: 1 })
    clock.at = 1998
    expect(cache.get('t/a')).toBeUndefined()
  })

  test('what is loaded counts from when its reading began', async () => {
    const { cache, clock } = cacheFor(5)
    const source = pending()
    const loading = cache.load('t/a', source.read)
    clock.at = 600
    source.resolve(shelf())
    await loading
    clock.at = 999
    expect(cache.get('t/a')).toBeDefined()
    clock.at = 1000
    expect(cache.get('t/a')).toBeUndefined()
  })
})

describe('dropping', () => {
  test('forgets one shelf, or those of a tenant and no other', () => {
    const { cache } = cacheFor(5)
    for (const key of ['t1/a', 't1/b', 't10/a', 't2/a', 't2/b']) cache.put(key, shelf())
    cache.drop('t1')
    cache.drop('t2/a')
    const held = ['t1/a', 't1/b', 't10/a', 't2/a', 't2/b'].filter((key) => cache.peek(key))
    expect(held).toEqual(['t10/a', 't2/b'])
    cache.clear()
    expect(cache.stats).toMatchObject({ shelves: 0, bytes: 0, evictions: 0 })
  })

  test('forgets those whose keys begin so, and no others', () => {
    const { cache } = cacheFor(6)
    for (const key of ['t1/a/1', 't1/a/2', 't1/ab/1', 't1/b/1', 't10/a/1', 't2/a/1']) cache.put(key, shelf())
    cache.drop('t1/a/')
    cache.drop('t3/a/')
    const held = ['t1/a/1', 't1/a/2', 't1/ab/1', 't1/b/1', 't10/a/1', 't2/a/1'].filter((key) => cache.peek(key))
    expect(held).toEqual(['t1/ab/1', 't1/b/1', 't10/a/1', 't2/a/1'])
    expect(cache.stats).toMatchObject({ shelves: 4, bytes: 4 * size, evictions: 0 })
  })

  test.each(['t1', 't1/a', 't1/'])(
    'of %s: what is being loaded answers those who wait, and is not kept',
    async (what) => {
      const { cache } = cacheFor(5)
      const [old, fresh] = [pending(), pending()]
      const waiting = cache.load('t1/a', old.read)
      cache.drop(what)
      const later = cache.load('t1/a', fresh.read)
      const [before, after] = [shelf(), shelf()]
      old.resolve(before)
      expect(await waiting).toBe(before)
      expect(cache.peek('t1/a')).toBeUndefined()
      fresh.resolve(after)
      expect(await later).toBe(after)
      expect(cache.peek('t1/a')).toBe(after)
      expect(cache.stats.bytes).toBe(size)
    },
  )
})

describe('loading', () => {
  test('reads once for all who ask meanwhile, then not at all', async () => {
    const { cache } = cacheFor(5)
    const source = pending()
    const asked = [1, 2, 3].map(() => cache.load('t/a', source.read))
    const other = cache.load('t/b', async () => shelf())
    source.resolve(shelf())
    const found = await Promise.all(asked)
    expect(new Set(found).size).toBe(1)
    expect(await other).not.toBe(found[0])
    expect(await cache.load('t/a', source.read)).toBe(found[0])
    expect(source.controls).toHaveLength(1)
    expect(cache.stats).toMatchObject({ hits: 1, misses: 4, loads: 2, shelves: 2 })
  })

  test('a failure reaches all who wait and is not remembered', async () => {
    const { cache } = cacheFor(5)
    const source = pending()
    const asked = [cache.load('t/a', source.read), cache.load('t/a', source.read)]
    const lost = new Error('lost')
    source.reject(lost)
    expect(await Promise.allSettled(asked)).toEqual([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ])
    const found = shelf()
    expect(await cache.load('t/a', async () => found)).toBe(found)
    expect(source.controls).toHaveLength(1)
  })

  test('a read that throws at once is a failure like any other', async () => {
    const { cache } = cacheFor(5)
    const thrown = () => {
      throw new Error('at once')
    }
    await expect(cache.load('t/a', thrown)).rejects.toThrow('at once')
    await expect(cache.load('t/a', async () => shelf())).resolves.toBeDefined()
  })

  test('a shelf put meanwhile is not replaced by what was being loaded', async () => {
    const { cache } = cacheFor(5)
    const source = pending()
    const waiting = cache.load('t/a', source.read)
    const newer = shelf()
    cache.put('t/a', newer)
    source.resolve(shelf())
    await waiting
    expect(cache.peek('t/a')).toBe(newer)
  })

  test.each(['the first', 'a later'])('%s asker aborts: the others get the shelf, from the one read', async (which) => {
    const { cache } = cacheFor(5)
    const source = pending()
    const controller = new AbortController()
    const asked = [0, 1, 2].map((n) => {
      const signal = n === (which === 'the first' ? 0 : 1) ? controller.signal : undefined
      return cache.load('t/a', source.read, signal)
    })
    const codes = asked.map((call) => codeOf(call))
    controller.abort()
    await new Promise((resolve) => setImmediate(resolve))
    expect(source.controls[0]!.signal.aborted).toBe(false)
    source.resolve(shelf())
    expect((await Promise.all(codes)).filter((code) => code === 'ERR_ABORTED')).toHaveLength(1)
    expect((await Promise.all(codes)).filter((code) => code === 'none')).toHaveLength(2)
    expect(source.controls).toHaveLength(1)
    expect(cache.peek('t/a')).toBeDefined()
  })

  test('when all who asked have aborted the read is told, and who comes next begins anew', async () => {
    const { cache } = cacheFor(5)
    const [left, next] = [pending(), pending()]
    const controllers = [new AbortController(), new AbortController()]
    const codes = controllers.map(({ signal }) => codeOf(cache.load('t/a', left.read, signal)))
    controllers[0]!.abort()
    await codes[0]
    expect(left.controls[0]!.signal.aborted).toBe(false)
    controllers[1]!.abort()
    expect(await Promise.all(codes)).toEqual(['ERR_ABORTED', 'ERR_ABORTED'])
    expect(left.controls[0]!.signal.aborted).toBe(true)
    const later = cache.load('t/a', next.read)
    left.reject(new Error('nobody is told'))
    next.resolve(shelf())
    expect(await later).toBe(cache.peek('t/a'))
  })

  test('with a signal that was aborted before begins no read that is kept', async () => {
    const { cache } = cacheFor(5)
    const source = pending()
    expect(await codeOf(cache.load('t/a', source.read, AbortSignal.abort()))).toBe('ERR_ABORTED')
    source.resolve(shelf())
    await new Promise((resolve) => setImmediate(resolve))
    expect(cache.stats).toMatchObject({ shelves: 0, bytes: 0 })
  })
})

describe('a shelf that finds no room', () => {
  /** Reads a shelf row by row, as far as it fits. */
  const rowByRow = (rows: number) => async (control: LoadControl) => {
    const read = shelf(0)
    for (let i = 0; i < rows; i++) {
      read.put(entry(`${i}`, { terms: words(`some words of row ${i}`) }))
      if (!control.fits(read.bytes)) return null
    }
    return read
  }

  test('is null for all who ask, and is not read in vain again until there is more room', async () => {
    const { cache } = cacheFor(2)
    expect(await Promise.all([1, 2].map(() => cache.load('t/large', rowByRow(100))))).toEqual([null, null])
    expect(await cache.load('t/large', rowByRow(100))).toBeNull()
    expect(cache.stats).toMatchObject({ loads: 1, shelves: 0, bytes: 0 })
    const other = pending()
    const loading = cache.load('t/other', other.read)
    other.controls[0]!.fits(size)
    expect(await cache.load('t/two', rowByRow(20))).toBeNull()
    other.resolve(null)
    await loading
    expect(await cache.load('t/two', rowByRow(2))).not.toBeNull()
    cache.drop('t')
    expect(await cache.load('t/large', rowByRow(1))).not.toBeNull()
  })

  test('is tried again after the longest idle time: it may have shrunk', async () => {
    const { cache, clock } = cacheFor(2)
    const ask = (rows: number) => cache.load('t/large', rowByRow(rows))
    expect(await ask(100)).toBeNull()
    clock.at = 999
    // Not renewed by being asked for.
    expect(await ask(1)).toBeNull()
    clock.at = 1000
    expect(await ask(100)).toBeNull()
    expect(cache.stats.loads).toBe(2)
    clock.at = 1999
    expect(await ask(1)).toBeNull()
    cache.dropUnconfirmed()
    expect(await ask(1)).toBeNull()
    clock.at = 2000
    cache.dropUnconfirmed()
    expect(await ask(1)).not.toBeNull()
  })

  test('is streamed: one at a time of a tenant, few in all, and an aborted one leaves the queue', async () => {
    const { cache } = cacheFor(1)
    const running: string[] = []
    let most = 0
    const gates: (() => void)[] = []
    const stream = (key: string, signal?: AbortSignal) =>
      cache.stream(
        key,
        async () => {
          running.push(key)
          most = Math.max(most, running.length)
          expect(new Set(running.map((each) => each.split('/')[0])).size).toBe(running.length)
          await new Promise<void>((resolve) => gates.push(resolve))
          running.splice(running.indexOf(key), 1)
          return key
        },
        signal,
      )
    const keys = ['loud/1', 'loud/2', 'loud/3', 'loud/4', 'loud/5', 'b/1', 'c/1', 'd/1', 'e/1', 'f/1']
    const controller = new AbortController()
    const aborted = codeOf(stream('loud/0', AbortSignal.abort()))
    const all = Promise.all(keys.map((key) => stream(key)))
    const late = codeOf(stream('g/1', controller.signal))
    controller.abort()
    expect([await aborted, await late]).toEqual(['ERR_ABORTED', 'ERR_ABORTED'])
    // The quiet ones do not wait for the loud one's queue.
    expect(running.toSorted()).toEqual(['b/1', 'c/1', 'd/1', 'loud/1'])
    for (let done = 0; done < keys.length; done++) {
      gates.shift()!()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await all).toEqual(keys)
    expect(most).toBe(4)
    expect(cache.stats.streams).toBe(keys.length)
  })

  test('what a stream keeps is in the budget: spare shelves go for it, a floor does not, and it ends with the stream', async () => {
    const clock = { now: () => 0 }
    const cache = new ShelfCache<string>({ budgetBytes: 6 * size, floorBytes: 2 * size, longestMs: 1000, clock })
    for (const key of ['t/a', 't/b', 't/c', 'u/a']) cache.put(key, shelf())
    const held = () => ['t/a', 't/b', 't/c', 'u/a'].filter((key) => cache.peek(key))
    const read = async (keeps: (bytes: number) => void) => {
      keeps(size)
      keeps(2 * size)
      expect(cache.stats.bytes).toBe(6 * size)
      expect(held()).toHaveLength(4)
      // `t/a` is the only one beyond its tenant's last two.
      keeps(3 * size)
      expect(held()).toEqual(['t/b', 't/c', 'u/a'])
      keeps(50 * size)
      expect(held()).toEqual(['t/b', 't/c', 'u/a'])
      expect(cache.stats.bytes).toBe(53 * size)
      // Nor does a quiet tenant go without its own meanwhile, or anybody else's for that.
      expect(await cache.load('v/a', async ({ fits }) => (fits(size) ? shelf() : null))).not.toBeNull()
      expect(held()).toEqual(['t/b', 't/c', 'u/a'])
      expect(await cache.load('t/d', async ({ fits }) => (fits(3 * size) ? shelf(9) : null))).toBeNull()
      throw new Error('lost')
    }
    await expect(cache.stream('w/large', read)).rejects.toThrow('lost')
    expect(cache.stats.bytes).toBe(4 * size)
  })

  test('a stream that fails ends its turn', async () => {
    const { cache } = cacheFor(1)
    const lost = () => Promise.reject(new Error('lost'))
    await expect(cache.stream('t/a', lost)).rejects.toThrow('lost')
    expect(await cache.stream('t/a', async () => 1)).toBe(1)
  })
})
