import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { Largest } from '../../src/recall/largest.ts'
import { writeVector } from '../../src/recall/quantised.ts'
import { VectorBlock } from '../../src/recall/vector-block.ts'
import { runs } from './run-parameters.ts'
import { sureCosines } from './sure-cosines.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

const everything = { has: () => true }

/** Standard normal components from a seed, scaled to length 1; `near` leans them on another vector. */
function vectors(seed: number) {
  let state = seed >>> 0
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32
  }
  const next = (dims: number, near?: Float32Array, spread = 1): Float32Array => {
    const raw = Array.from({ length: dims }, (_, i) => {
      const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
      return (near?.[i] ?? 0) + (spread * normal) / Math.sqrt(dims)
    })
    const length = Math.hypot(...raw)
    return Float32Array.from(raw, (value) => value / length)
  }
  return { uniform, next }
}

/** In float64. */
function product(row: ArrayLike<number>, query: Float32Array): number {
  let sum = 0
  for (let i = 0; i < query.length; i++) sum += row[i]! * query[i]!
  return sum
}

/** In float64, of what the block holds. */
function exact(block: VectorBlock, slot: number, query: Float32Array): number {
  const row = block.at(slot)
  return product(row, query) / Math.hypot(...row)
}

const best = (scores: ArrayLike<number>, count: number): number[] =>
  Array.from(scores, (score, slot) => ({ score, slot }))
    .filter(({ score }) => !Number.isNaN(score))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ slot }) => slot)

const someSeed = fc.integer({ min: 0, max: 2 ** 32 - 1 })

test('recall@10 against float64 over the vectors as they came is at least 0.999, as by their high bytes it is not', () => {
  fc.assert(
    fc.property(someSeed, fc.constantFrom(null, 0.5), (seed, spread) => {
      const { next, uniform } = vectors(seed)
      const [dims, count, queries] = [128, 2000, 200]
      const centres = Array.from({ length: 10 }, () => next(dims))
      const some = () => (spread === null ? next(dims) : next(dims, centres[Math.floor(uniform() * 10)], spread))
      const rows = Array.from({ length: count }, some)
      const rough = rows.map((row) => new Int8Array(writeVector(row)!.buffer, 0, dims))
      const roughLengths = rough.map((row) => Math.hypot(...row))
      const block = new VectorBlock('m', dims)
      for (const [slot, row] of rows.entries()) block.put(slot, row)
      let [hits, roughHits] = [0, 0]
      for (let i = 0; i < queries; i++) {
        const query = some()
        const wanted = new Set(
          best(
            rows.map((row) => product(row, query)),
            10,
          ),
        )
        const scores = sureCosines(block, query, everything, 10, count)
        hits += best(scores, 10).filter((slot) => wanted.has(slot)).length
        const roughScores = rough.map((row, slot) => product(row, query) / roughLengths[slot]!)
        roughHits += best(roughScores, 10).filter((slot) => wanted.has(slot)).length
      }
      expect(hits / queries / 10).toBeGreaterThanOrEqual(0.999)
      expect(roughHits / queries / 10).toBeLessThan(0.999)
    }),
    runs(2),
  )
})

test('the sure ones are right and come before all others, which are not far off', () => {
  fc.assert(
    fc.property(
      someSeed,
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(0.001, 0.1, 1),
      (seed, dims, count, sure, spread) => {
        const { next } = vectors(seed)
        const centre = next(dims)
        const block = new VectorBlock('m', dims)
        for (let slot = 0; slot < count; slot++) block.put(slot, next(dims, centre, spread))
        const query = next(dims, centre, spread)
        const scores = sureCosines(block, query, everything, sure, count)
        const truth = Array.from({ length: count }, (_, slot) => exact(block, slot, query))
        const top = best(scores, sure)
        // The query is rounded too, to some 16 bits.
        for (const slot of top) expect(Math.abs(scores[slot]! - truth[slot]!)).toBeLessThan(1e-4)
        const least = Math.min(...top.map((slot) => truth[slot]!))
        for (let slot = 0; slot < count; slot++) {
          if (!top.includes(slot)) expect(truth[slot]).toBeLessThan(least + 1e-4)
          expect(Math.abs(scores[slot]! - truth[slot]!)).toBeLessThan(0.03)
        }
      },
    ),
    runs(300),
  )
})

test('no score depends on a row that is not selected or has left, which have none', () => {
  fc.assert(
    fc.property(someSeed, fc.integer({ min: 1, max: 5 }), (seed, sure) => {
      const { next, uniform } = vectors(seed)
      const dims = 24
      const query = next(dims)
      const [mixed, alone] = [new VectorBlock('m', dims), new VectorBlock('m', dims)]
      const [selected, gone] = [new Set<number>(), new Set<number>()]
      for (let slot = 0; slot < 60; slot++) {
        // Hidden ones are nearer: they would be the best, were they asked.
        const role = uniform()
        const vector = role < 0.5 ? next(dims) : next(dims, query, 0.2)
        mixed.put(slot, vector)
        if (role < 0.5) {
          selected.add(slot)
          alone.put(slot, vector)
        } else if (role < 0.75) {
          mixed.remove(slot)
          gone.add(slot)
        }
      }
      const found = sureCosines(mixed, query, { has: (slot) => selected.has(slot) || gone.has(slot) }, sure, 70)
      const wanted = sureCosines(alone, query, everything, sure, 70)
      expect(found).toEqual(wanted)
      expect(found.filter((score) => !Number.isNaN(score))).toHaveLength(selected.size)
    }),
    runs(300),
  )
})

/** Scores of 4,000 rows of 300 bytes, put into slots in no order, some of them again; and what the block says it takes. */
async function scoresHere(): Promise<{ scores: Float64Array; bytes: number }> {
  vi.resetModules()
  const fresh = await import('../../src/recall/vector-block.ts')
  const { next, uniform } = vectors(11)
  const block = new fresh.VectorBlock('m', 300)
  for (let i = 0; i < 4000; i++) block.put((i * 1237) % 4000, next(300))
  for (let i = 0; i < 100; i++) {
    const slot = Math.floor(uniform() * 4000)
    block.remove(slot)
    block.put(slot, next(300))
  }
  return { scores: sureCosines(block, next(300), everything, 10, 4000), bytes: block.bytes }
}

test('without WebAssembly, without SIMD and without room for a memory the scores are the same to the last bit', async () => {
  const { scores, bytes } = await scoresHere()
  expect(bytes).toBeGreaterThan(4000 * 600)
  expect(bytes).toBeLessThan(4000 * 600 * 1.5)
  let asked = 0
  const count = () => asked++
  class NoRoom {
    constructor() {
      count()
      throw new RangeError('WebAssembly.Memory(): could not allocate memory')
    }
  }
  const worlds = [
    undefined,
    Object.create(WebAssembly, { validate: { value: () => count() < 0 } }),
    Object.create(WebAssembly, { Memory: { value: NoRoom } }),
  ]
  for (const world of worlds) {
    asked = 0
    vi.stubGlobal('WebAssembly', world)
    const there = await scoresHere()
    expect(there.scores).toEqual(scores)
    expect(asked > 0).toBe(world !== undefined)
  }
})

test.each([384, 5000])('sums that are as large as they can be do not overflow at %i dimensions', (dims) => {
  const even = new Float32Array(dims).fill(1 / Math.sqrt(dims))
  const block = new VectorBlock('m', dims)
  for (const [slot, sign] of [1, -1, 1, -1].entries()) {
    block.put(
      slot,
      even.map((value) => sign * value),
    )
  }
  for (const score of sureCosines(block, even, everything, 2, 4)) expect(Math.abs(score)).toBeCloseTo(1, 2)
  expect([...sureCosines(block, even, everything, 2, 4)].map(Math.sign)).toEqual([1, -1, 1, -1])
})

test('the least of the n largest is the one that sorting finds', () => {
  const someValue = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constant(Number.NaN))
  fc.assert(
    fc.property(fc.array(someValue, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (values, n) => {
      const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => b - a)
      const largest = new Largest(n)
      for (const value of values) largest.offer(value)
      expect(largest.least + 0).toBe((sorted[n - 1] ?? Number.NEGATIVE_INFINITY) + 0)
    }),
    runs(1000),
  )
})
