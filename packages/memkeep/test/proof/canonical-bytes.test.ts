import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalBytes, type Field } from '../../src/proof/canonical-bytes.ts'
import { amount, seed } from '../support/seed.ts'

console.log(`canonical bytes: MEMKEEP_TEST_SEED=${seed}`)

/** The layout as its description says it, byte by byte and with nothing shared with the code: a type, a length, the content. */
function naive(fields: readonly Field[]): number[] {
  return [...bigEndian(BigInt(fields.length), 4), ...fields.flatMap(naiveField)]
}

function naiveField(field: Field): number[] {
  const head = (type: number, length: number) => [type, ...bigEndian(BigInt(length), 4)]
  if (field === null) return head(0, 0)
  if (typeof field === 'number') return [...head(2, 8), ...bigEndian(BigInt(field), 8)]
  if (Array.isArray(field)) return [...head(4, field.length), ...field.flatMap(naiveField)]
  const bytes = typeof field === 'string' ? new TextEncoder().encode(field) : (field as Uint8Array)
  return [...head(typeof field === 'string' ? 1 : 3, bytes.length), ...bytes]
}

function bigEndian(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, place) => Number((value >> BigInt(8 * (size - 1 - place))) & 0xffn))
}

const safe = Number.MAX_SAFE_INTEGER
const edges = [0, -0, 1, 2 ** 31, 2 ** 32, 2 ** 52, safe].flatMap((edge) => [edge - 1, edge, edge + 1, -edge, 1 - edge])
const numbers = [...edges.filter(Number.isSafeInteger), -safe]
const strings = ['', 'a', 'żółć', '日本語', '🧠', '\0', 'a-b', '\ud800', 'x\udc00y']

const field: fc.Arbitrary<Field> = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(...strings),
  fc.maxSafeInteger(),
  fc.constantFrom(...numbers),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.string({ unit: 'binary', maxLength: 10 }), { maxLength: 5 }),
)

test('numbers at every edge, strings of every width, and nothing', () => {
  for (const value of [...numbers, ...strings, null, new Uint8Array(), Buffer.of(1), [], [''], strings] as Field[]) {
    expect([...canonicalBytes([value])], String(value)).toEqual(naive([value]))
  }
  expect([...canonicalBytes([])]).toEqual([0, 0, 0, 0])
})

test('any list of fields', () => {
  const numRuns = Math.min(amount('MEMKEEP_SEQUENCES', 5000), 50_000)
  fc.assert(
    fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
      expect([...canonicalBytes(fields)]).toEqual(naive(fields))
    }),
    { seed, numRuns },
  )
})

test('a number that is not a safe integer is refused', () => {
  for (const value of [2 ** 53, -(2 ** 53), 0.5, Number.NaN, Number.POSITIVE_INFINITY, -1e300]) {
    expect(() => canonicalBytes(['before', value]), String(value)).toThrow(RangeError)
  }
})
