import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dotProducts } from '../../src/recall/dot-products.ts'
import { runs } from './run-parameters.ts'

test('gives the dot product of every row, for any dimension', () => {
  const someCase = fc.nat(19).chain((dims) =>
    fc.record({
      query: fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: dims, maxLength: dims }),
      rows: fc.array(fc.array(fc.integer({ min: -127, max: 127 }), { minLength: dims, maxLength: dims }), {
        maxLength: 5,
      }),
      spare: fc.nat(20),
    }),
  )
  fc.assert(
    fc.property(someCase, ({ query, rows, spare }) => {
      const out = new Float64Array(rows.length).fill(Number.NaN)
      // Memory behind the last row is none of its business.
      dotProducts(Int8Array.from([...rows.flat(), ...new Array(spare).fill(99)]), Float32Array.from(query), out)
      // Whole numbers: the sums are exact in any order.
      expect([...out].map((value) => value + 0)).toEqual(
        rows.map((row) => row.reduce((sum, v, i) => sum + v * query[i]!, 0) + 0),
      )
    }),
    runs(1000),
  )
})
