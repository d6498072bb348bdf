import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesPerComponent, joined, quantised, readVector, splitInto, writeVector } from '../../src/recall/quantised.ts'
import { runs } from './run-parameters.ts'

const someVector = fc
  .float32Array({ minLength: 1, maxLength: 40, noNaN: true, noDefaultInfinity: true })
  .filter((vector) => vector.some((value) => value !== 0))

test('bytes keep the direction to half a step of the largest component', () => {
  fc.assert(
    fc.property(someVector, (vector) => {
      const bytes = writeVector(vector)!
      expect(bytes).toHaveLength(vector.length * bytesPerComponent)
      const back = readVector(bytes)!
      expect(Math.hypot(...back)).toBeCloseTo(1, 5)
      const largest = Math.max(...vector.map(Math.abs))
      const largestBack = Math.max(...back.map(Math.abs))
      // Half a step, and what float32 rounds.
      const half = 0.5 / (127 * 256) + 1e-6
      for (const [i, value] of vector.entries()) {
        expect(Math.abs(value / largest - back[i]! / largestBack)).toBeLessThanOrEqual(half)
      }
    }),
    runs(1000),
  )
})

test('reading and writing again gives the same bytes', () => {
  fc.assert(
    fc.property(someVector, (vector) => {
      const bytes = writeVector(vector)!
      expect(writeVector(readVector(bytes)!)).toEqual(bytes)
    }),
    runs(1000),
  )
})

test('what is read is either null or made of exactly these bytes', () => {
  // Bytes near the ends of their span are common, so that both happen.
  const someByte = fc.oneof(fc.constantFrom(127, 129, 128, 0), fc.integer({ min: 0, max: 255 }))
  let read = 0
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 4 }).chain(() => fc.array(someByte, { maxLength: 6 })),
      (values) => {
        const bytes = Uint8Array.from(values)
        const vector = readVector(bytes)
        if (vector === null) return
        read++
        expect(writeVector(vector)).toEqual(bytes)
      },
    ),
    runs(3000),
  )
  expect(read).toBeGreaterThan(20)
})

test('keeps no view of the bytes, and reads them at any offset', () => {
  const bytes = writeVector(Float32Array.of(1, -2, 3))!
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  const vector = readVector(shifted.subarray(1))!
  const before = [...vector]
  shifted.fill(0)
  expect([...vector]).toEqual(before)
})

test.each([
  ['empty', []],
  ['zero', [0, 0, -0]],
  ['infinite', [1, Number.POSITIVE_INFINITY]],
  ['infinitely negative', [Number.NEGATIVE_INFINITY, 1]],
  ['not a number', [1, Number.NaN, 2]],
])('there are no bytes for a vector that is %s', (_, values) => {
  expect(quantised(Float32Array.from(values))).toBeNull()
  expect(writeVector(Float32Array.from(values))).toBeNull()
})

test('the smallest and the largest of float32 have a direction', () => {
  for (const value of [2 ** -149, 3.4e38])
    expect([...quantised(Float32Array.of(value, -value))!]).toEqual([32_512, -32_512])
})

test('high and low bytes make up every whole number that a component may be', () => {
  const wholes = Int16Array.from({ length: 2 * 32_512 + 1 }, (_, i) => i - 32_512)
  const [high, low] = [new Int8Array(wholes.length), new Int8Array(wholes.length)]
  splitInto(high, low, wholes)
  expect(joined(high, low)).toEqual(wholes)
  expect(Math.max(...[high[0]!, high.at(-1)!].map(Math.abs))).toBe(127)
  expect(high.includes(-128)).toBe(false)
})
