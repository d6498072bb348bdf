import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doorwayFiles } from '../../src/store/schema.ts'
import {
  AttackedKeep,
  attempt,
  claims,
  commonShelf,
  foreign,
  marker,
  neighbour,
  own,
  subject,
} from './attacked-keep.ts'

// Who holds tokens for `sealed_rows` and `reseal` may read what is sealed on its own shelf, and put other bytes in the place of those that it
// names by their digest. Nothing else, anywhere.

let keep: AttackedKeep
/** Where the doorways do not look at the shelf, and no row policy stands. */
let torn: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
  await torn.tearDown('reseal', 'm.tenant = p_tenant and m.subject = c.shelf and m.id', 'm.id')
  await torn.tearDownRowWall()
})
afterAll(() => Promise.all([keep.stop(), torn.stop()]))

const planted = Buffer.from('planted')
const digest = (text: string) => createHash('sha256').update(text.repeat(3)).digest()

async function memoryOn(of: AttackedKeep, tenant: Buffer, shelf: Buffer): Promise<string> {
  const [row] = await of.database.query<{ id: string }>(
    'select id from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = 0',
    [tenant, shelf],
  )
  return row!.id
}

/** Outcome, and how many were done. */
async function reseal(of: AttackedKeep, id: string, was: Buffer, stated = claims()): Promise<string> {
  const anew = [[planted], [planted], [planted], [null], planted]
  const call = "select outcome || ' ' || cardinality(ids) from memkeep.reseal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
  return String(await attempt(of.app, call, [stated.tenant, of.token('reseal', stated), [2], [id], [was], ...anew]))
}

const isPlanted = async (of: AttackedKeep, id: string) =>
  (
    await of.database.query<{ content: Buffer }>('select content from memkeep.memory where id = $1', [id])
  )[0]!.content.equals(planted)

test.each([
  ['another tenant', foreign, subject],
  ['another subject', own, neighbour],
  ['the common shelf', own, commonShelf],
])('what stands on the shelf of %s', async (_, tenant, shelf) => {
  for (const of of [torn, keep]) {
    const id = await memoryOn(of, tenant, shelf)
    expect(await reseal(of, id, digest(marker(tenant, shelf, 0)))).toBe(of === torn ? 'ok 1' : 'ok 0')
    expect(await isPlanted(of, id)).toBe(of === torn)
  }
})

test('what has changed since it was read, and what was never there', async () => {
  const id = await memoryOn(keep, own, subject)
  expect(await reseal(keep, id, digest('something else'))).toBe('ok 0')
  expect(await reseal(keep, randomUUID(), digest(marker(own, subject, 0)))).toBe('ok 0')
  expect(await isPlanted(keep, id)).toBe(false)
})

test('a barred shelf, another epoch, another policy, one label short, every subject at once', async () => {
  const [id, was] = [await memoryOn(keep, own, subject), digest(marker(own, subject, 0))]
  expect(await reseal(keep, id, was, claims({ shelfEpoch: 2 }))).toBe('epoch 0')
  expect(await reseal(keep, id, was, claims({ policyVersion: 3 }))).toBe('policy 0')
  expect(await reseal(keep, id, was, claims({ writable: 0b011 }))).toBe('denied 0')
  expect(await reseal(keep, id, was, claims({ reach: 'all' }))).toBe('denied 0')
  await keep.database.query('update memkeep.shelf set state = 1 where tenant = $1 and subject = $2', [own, subject])
  expect(await reseal(keep, id, was)).toBe('barred 0')
  expect(await isPlanted(keep, id)).toBe(false)
  await keep.database.query('update memkeep.shelf set state = 0 where tenant = $1 and subject = $2', [own, subject])
  expect(await reseal(keep, id, was)).toBe('ok 1')
})

test('reading what is sealed brings the own shelf alone, and all of it only with full clearance', async () => {
  const rows = async (stated = claims()) => {
    const call = 'select subject from memkeep.sealed_rows($1, $2, $3, $4, $5, $6) where part <> 0'
    const first = '00000000-0000-0000-0000-000000000000'
    return attempt(keep.app, call, [stated.tenant, keep.token('sealed_rows', stated), 2 ** 31 - 1, first, 100, planted])
  }
  const found = await rows()
  expect(new Set(found)).toEqual(new Set([expect.anything()]))
  expect(found).toHaveLength(3)
  for (const over of [{ clearance: 0b011 }, { reach: 'all' as const }, { rights: 1 }, { rights: 2 }]) {
    expect(await rows(claims(over))).toEqual([])
  }
})

test('a row that is sealed anew keeps every column: one that a migration adds must be named', async () => {
  const columns = await keep.database.query<{ name: string; columns: string[] }>(
    `select relname as name, array_agg(attname::text order by attnum) as columns from pg_class c join pg_attribute a on attrelid = c.oid
     where relnamespace = 'memkeep'::regnamespace and relname in ('memory', 'memory_version', 'aside', 'artifact')
       and attnum > 0 and not attisdropped group by 1`,
  )
  expect(columns).toHaveLength(4)
  const text = doorwayFiles().find(({ name }) => name.endsWith('/reseal.sql'))!.text
  // But for a digest under the former key, by which nothing is found any more.
  for (const { name, columns: all } of columns) {
    const [, named] = new RegExp(`insert into memkeep\\.${name} \\(([^)]*)\\)`).exec(text)!
    expect(
      named!.split(',').map((column) => column.trim()),
      name,
    ).toEqual(expect.arrayContaining(all.filter((column) => column !== 'same')))
  }
})
