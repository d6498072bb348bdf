import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteRows } from '../../src/recall/byte-rows.ts'
import { dotProducts } from '../../src/recall/dot-products.ts'
import { SimdMemory, stripRows } from '../../src/recall/simd-memory.ts'
import { runs } from './run-parameters.ts'

const someCase = fc.integer({ min: 1, max: 100 }).chain((dims) =>
  fc.record({
    query: fc.array(fc.integer({ min: -32_767, max: 32_767 }), { minLength: dims, maxLength: dims }),
    rows: fc.array(fc.array(fc.integer({ min: -127, max: 127 }), { minLength: dims, maxLength: dims }), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
)

const plain = (rows: readonly number[][], query: readonly number[]): number[] =>
  rows.map((row) => row.reduce((sum, value, i) => sum + value * query[i]!, 0) + 0)

test('the plain kernel gives the dot product of every row, for any dimension', () => {
  fc.assert(
    fc.property(someCase, ({ query, rows }) => {
      expect([...dotProducts(Int8Array.from(rows.flat()), Int16Array.from(query))]).toEqual(plain(rows, query))
    }),
    runs(1000),
  )
})

test('so does the SIMD kernel, whatever stands behind the last row and stood in the memory before', () => {
  const memories = new Map<number, SimdMemory>()
  fc.assert(
    fc.property(someCase, ({ query, rows }) => {
      const dims = query.length
      const memory = memories.get(dims) ?? SimdMemory.open(dims, 10)!
      memories.set(dims, memory)
      memory.rows.fill(99)
      memory.rows.set(rows.flat(), 2 * dims)
      memory.setQuery(Int16Array.from(query))
      expect([...memory.dotProducts(2, rows.length)].slice(0, rows.length)).toEqual(plain(rows, query))
    }),
    runs(1000),
  )
})

test('both stay exact where sums come near the end of int32', () => {
  const dims = 516
  const query = new Int16Array(dims).fill(32_767)
  for (const value of [127, -127]) {
    const row = new Int8Array(dims).fill(value)
    const memory = SimdMemory.open(dims, 1)!
    memory.rows.set(row)
    memory.setQuery(query)
    expect([dotProducts(row, query)[0], memory.dotProducts(0, 1)[0]]).toEqual([
      dims * value * 32_767,
      dims * value * 32_767,
    ])
  }
})

/** Rows and a query that a formula makes, so that failures can be told from it: large cases need no printing. */
function madeUp(dims: number, count: number) {
  const rows = Int8Array.from({ length: dims * count }, (_, i) => (((i * 2_654_435_761) >>> 9) % 255) - 127)
  return { rows, query: Int16Array.from({ length: dims }, (_, i) => ((i * 40_503) % 121) - 60) }
}

test.each([
  ['copied in strips', 33, 2 * stripRows + 5],
  ['in a memory of their own', 384, 2 * stripRows + 700],
  ['longer than what is copied at once', 131_073, 3],
])('rows %s give the same as the plain kernel', (_, dims, count) => {
  const { rows, query } = madeUp(dims, count)
  const store = new ByteRows(dims)
  // In steps, so that rows move from one kind of room to the other, and grow in it.
  for (let room = 1, put = 0; put < count; room = Math.min(count, room * 3)) {
    store.grow(room)
    store.all.set(rows.subarray(put * dims, room * dims), put * dims)
    put = room
  }
  const expected = dotProducts(rows, query)
  const found = new Int32Array(count)
  store.eachStrip(query, count, (first, rows, products) => found.set(products.subarray(0, rows), first))
  expect(found).toEqual(expected)
  const places = [count - 1, 0, 1, 1]
  expect([...store.dotProductsAt(query, places)]).toEqual(places.map((place) => expected[place]))
  expect(store.all.slice(0, count * dims)).toEqual(rows)
  expect(store.bytes).toBeGreaterThanOrEqual(count * dims)
})
