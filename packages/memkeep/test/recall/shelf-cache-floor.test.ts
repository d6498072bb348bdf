import { describe, expect, test } from 'vitest'
import type { Shelf } from '../../src/recall/shelf.ts'
import { ShelfCache } from '../../src/recall/shelf-cache.ts'
import { amount, random, seed } from '../support/seed.ts'
import { entry, shelfOf, words } from './shelf-entries.ts'

const runs = 60 * amount('MEMKEEP_TEST_RUNS', 1)
const steps = 300

const rowOf = (i: number) => entry(`${i}`, { terms: words(`some words of row ${i}`) })
const shelf = (rows: number) => shelfOf(Array.from({ length: rows }, (_, i) => rowOf(i)))
const one = shelf(1).bytes
const clock = { now: () => 0 }

/** A read under way, by hand. */
interface Reading {
  readonly key: string
  readonly shelf: Shelf
  readonly rows: number
  fits: ((bytes: number) => boolean) | null
  readonly end: (shelf: Shelf | null) => void
  readonly done: Promise<Shelf | null>
}

/** Does everything that can be done with a cache, at random: whole loads, in any order, that grow as they go; growth; drops. */
class Load {
  readonly #cache: ShelfCache<string>
  readonly #next: () => number
  readonly #largest: number
  readonly #under: Reading[] = []
  #rows = 1000

  constructor(cache: ShelfCache<string>, next: () => number, largest: number) {
    this.#cache = cache
    this.#next = next
    this.#largest = largest
  }

  async step(keys: readonly string[], drops: boolean): Promise<void> {
    const key = keys[Math.floor(this.#next() * keys.length)]!
    const what = this.#next()
    const rows = 1 + Math.floor(this.#next() ** 3 * this.#largest)
    if (what < 0.3) this.#begin(key, rows)
    else if (what < 0.7) await this.#goOn()
    else if (what < 0.8) this.#cache.put(key, shelf(rows))
    else if (what < 0.85) this.#cache.get(key)
    else if (what < 0.95) this.#grow(key)
    else if (drops) this.#cache.drop(this.#next() < 0.5 ? key : key.split('/')[0]!)
  }

  async end(): Promise<void> {
    while (this.#under.length > 0) await this.#goOn()
  }

  #begin(key: string, rows: number): void {
    const { promise, resolve } = Promise.withResolvers<Shelf | null>()
    let reading: Reading | null = null
    const done = this.#cache.load(key, ({ fits }) => {
      reading = { key, shelf: shelf(0), rows, fits, end: resolve, done: promise }
      this.#under.push(reading)
      return promise
    })
    void done
  }

  async #goOn(): Promise<void> {
    const reading = this.#under[Math.floor(this.#next() * this.#under.length)]
    if (reading === undefined) return
    for (let i = 0; i < 5; i++) reading.shelf.put(rowOf(reading.shelf.size))
    const fits = reading.fits!(reading.shelf.bytes)
    if (fits && reading.shelf.size < reading.rows) return
    this.#under.splice(this.#under.indexOf(reading), 1)
    reading.end(fits ? reading.shelf : null)
    await new Promise((resolve) => setImmediate(resolve))
  }

  #grow(key: string): void {
    const held = this.#cache.peek(key)
    if (held === undefined) return
    for (let i = 0; i < 3; i++) held.put(rowOf(this.#rows++))
    this.#cache.put(key, held)
  }
}

const keysOf = (tenant: string, shelves: number) => Array.from({ length: shelves }, (_, n) => `${tenant}/${n}`)

describe(`seed ${seed}`, () => {
  test('whatever is done, what is held and what is being read keep within the budget', async () => {
    for (let run = 0; run < runs; run++) {
      const next = random(seed + run)
      const budgetBytes = one * (2 + Math.floor(next() * 60))
      const floorBytes = next() < 0.3 ? 0 : Math.floor((budgetBytes * next()) / 2)
      const cache = new ShelfCache<string>({ budgetBytes, floorBytes, longestMs: 1, clock })
      const load = new Load(cache, next, 80)
      const keys = ['a', 'b', 'c', 'd', 'e'].flatMap((tenant) => keysOf(tenant, 4))
      for (let step = 0; step < steps; step++) {
        await load.step(keys, true)
        const { bytes } = cache.stats
        expect(bytes).toBeLessThanOrEqual(budgetBytes)
        expect(bytes).toBeGreaterThanOrEqual(heldBytes(cache, keys))
      }
      await load.end()
      expect(cache.stats.bytes).toBe(heldBytes(cache, keys))
      cache.clear()
      expect(cache.stats.bytes).toBe(0)
    }
  })

  test('a loud tenant, whatever it does, pushes out nobody whose floor finds room beside its own', async () => {
    let loudest = 0
    for (let run = 0; run < runs; run++) {
      const { cache, quiet, next, floorBytes } = quietOnes(run, 'room to spare')
      const load = new Load(cache, next, 200)
      for (let step = 0; step < steps; step++) await load.step(keysOf('loud', 30), true)
      await load.end()
      for (const key of quiet) expect(cache.peek(key)).toBeDefined()
      loudest = Math.max(loudest, cache.stats.evictions)
      expect(floorBytes).toBeGreaterThan(0)
    }
    // It did have to let go of much of its own.
    expect(loudest).toBeGreaterThan(20)
  })

  test('where floors fill the budget it takes of them what its own floor may be, from the least recently used', async () => {
    for (let run = 0; run < runs; run++) {
      const { cache, quiet, next, floorBytes } = quietOnes(run, 'full')
      const sizes = quiet.map((key) => cache.peek(key)!.bytes)
      const load = new Load(cache, next, 200)
      for (let step = 0; step < steps; step++) await load.step(keysOf('loud', 30), true)
      await load.end()
      const gone = quiet.map((key) => cache.peek(key) === undefined)
      const taken = sizes.filter((_, n) => gone[n]).reduce((sum, bytes) => sum + bytes, 0)
      // One more than was needed may have gone, as shelves go whole.
      expect(taken).toBeLessThan(floorBytes + Math.max(...sizes))
      expect(gone).toEqual([...gone].sort((a, b) => Number(b) - Number(a)))
    }
  })

  test('control: without a floor the loud tenant pushes the quiet ones out', async () => {
    const cache = new ShelfCache<string>({ budgetBytes: 20 * one, floorBytes: 0, longestMs: 1, clock })
    cache.put('quiet/0', shelf(1))
    for (const key of keysOf('loud', 30)) cache.put(key, shelf(1))
    expect(cache.peek('quiet/0')).toBeUndefined()
  })

  test('both shelves that a search of a quiet subject reads stay, its own and the common one', () => {
    const cache = new ShelfCache<string>({ budgetBytes: 20 * one, floorBytes: 4 * one, longestMs: 1, clock })
    for (const key of ['quiet/own', 'quiet/common']) cache.put(key, shelf(1))
    for (const key of keysOf('loud', 30)) cache.put(key, shelf(1))
    expect(['quiet/own', 'quiet/common'].map((key) => cache.peek(key) !== undefined)).toEqual([true, true])
  })
})

/** A cache on which quiet tenants hold one shelf each, used once, in their order. */
function quietOnes(run: number, how: 'room to spare' | 'full') {
  const next = random(seed + run)
  const budgetBytes = one * (30 + Math.floor(next() * 60))
  const floorBytes = Math.floor(budgetBytes / 8)
  const cache = new ShelfCache<string>({ budgetBytes, floorBytes, longestMs: 1, clock })
  const most = how === 'full' ? budgetBytes : budgetBytes - floorBytes
  const quiet: string[] = []
  for (;;) {
    const held = shelf(1 + Math.floor(next() * 8))
    if (held.bytes > floorBytes) continue
    if (cache.stats.bytes + held.bytes > most) break
    quiet.push(`quiet${quiet.length}/0`)
    cache.put(quiet.at(-1)!, held)
  }
  return { cache, quiet, next, floorBytes }
}

function heldBytes(cache: ShelfCache<string>, keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + (cache.peek(key)?.bytes ?? 0), 0)
}
