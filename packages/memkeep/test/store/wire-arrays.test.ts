import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { byteaArray, int2Array, int8Array, textArray, uuidArray } from '../../src/store/wire-arrays.ts'
import { amount, seed } from '../support/seed.ts'

// Against the server: what array_send() makes of the same elements, which the driver wrote as text, and what the server
// understands of ours.

let database: TestDatabase
let client: pg.Client
beforeAll(async () => {
  console.log(`wire arrays: MEMKEEP_TEST_SEED=${seed}`)
  database = await freshDatabase({ installed: false })
  client = new pg.Client(database.admin)
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

interface Kind<T> {
  readonly make: (values: readonly T[]) => Buffer
  readonly element: fc.Arbitrary<T>
  readonly fixed: readonly (readonly T[])[]
}

const safe = Number.MAX_SAFE_INTEGER
const kind = <T>(of: Kind<T>): Kind<unknown> => of as unknown as Kind<unknown>
/** What PostgreSQL takes as text: no zero character, no half of a pair. */
const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => !value.includes('\0'))
const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value))

const kinds: Record<string, Kind<unknown>> = {
  bytea: kind({
    make: byteaArray,
    element: bytes,
    fixed: [[Buffer.alloc(0)], [Buffer.alloc(0), Buffer.of(0), Buffer.of(255, 0)], [Buffer.alloc(70_000, 0xab)]],
  }),
  text: kind({
    make: textArray,
    element: text,
    fixed: [
      [''],
      ['NULL', 'null', '{}', '"', '\\', ' , '],
      ['żółć', '日本語', '🧠👩‍👩‍👧', 'e\u0301', '\u00a0', '\n\t\u0001'],
    ],
  }),
  int2: kind({ make: int2Array, element: fc.integer({ min: -32768, max: 32767 }), fixed: [[-32768, -1, 0, 1, 32767]] }),
  int8: kind({
    make: int8Array,
    element: fc.option(fc.maxSafeInteger(), { nil: null }),
    fixed: [[-safe, -(2 ** 32), -(2 ** 31), -1, 0, 1, 2 ** 31, 2 ** 32, safe], [null], [null, 1, null], [1, null]],
  }),
  uuid: kind({
    make: uuidArray,
    element: fc.uuid(),
    fixed: [['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']],
  }),
}

async function compare(type: string, values: readonly unknown[]): Promise<void> {
  const ours = kinds[type]!.make(values)
  const { rows } = await client.query<{ theirs: Buffer; same: boolean; back: Buffer }>(
    `select array_send($1::${type}[]) as theirs, $2::${type}[] is not distinct from $1::${type}[] as same,
       array_send($2::${type}[]) as back`,
    [values, ours],
  )
  expect(rows[0]).toEqual({ theirs: ours, same: true, back: ours })
}

describe.each(Object.keys(kinds))('%s[]', (type) => {
  test('of nothing, of what is special, and of the extremes', async () => {
    for (const values of [[], ...kinds[type]!.fixed]) await compare(type, values)
  })

  test('of anything', async () => {
    const some = fc.array(kinds[type]!.element, { maxLength: 12 })
    const numRuns = amount('MEMKEEP_SEQUENCES', 200)
    await fc.assert(
      fc.asyncProperty(some, (values) => compare(type, values)),
      { seed, numRuns: Math.min(numRuns, 2000) },
    )
  })
})

test('a number that does not fit is refused, not cut', () => {
  for (const value of [32768, -32769, 65536]) expect(() => int2Array([value]), String(value)).toThrow(RangeError)
  for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => int8Array([value])).toThrow(RangeError)
  expect(() => int8Array([2 ** 63])).toThrow(RangeError)
})
