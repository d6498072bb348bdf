import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deletedTables } from '../../src/store/inventory.ts'
import { AttackedKeep, claims, foreign, neighbour, own, subject } from './attacked-keep.ts'
import { callDoorway, signaturesOf } from './doorway-call.ts'

// An erasure costs what its own rows cost: of every table that it empties it looks at the subject's rows, however many other
// subjects and tenants have. Counted by the server: entries of indexes and rows of scans that were read.

const others = 5000
/** A subject here has three memories; each is looked at by several counts and by the deletion. */
const few = 100

let keep: AttackedKeep
let client: pg.Client
let signatures: Awaited<ReturnType<typeof signaturesOf>>
const tables = [...new Set([...deletedTables('subject'), 'shelf'])]

beforeAll(async () => {
  keep = await AttackedKeep.start()
  client = await keep.connect()
  signatures = await signaturesOf(keep)
  for (const table of tables) await fillOthers(table)
  await keep.database.query('vacuum analyze')
})
afterAll(() => keep?.stop())

/** A row for each of many other subjects, of this tenant and of another in turns: any values that the table takes. */
async function fillOthers(table: string): Promise<void> {
  const columns = await keep.database.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and attnotnull and not attisdropped`,
    [`memkeep.${table}`],
  )
  const tagOf = 'substring(sha256(int4send(n)) for 16)'
  const values: Record<string, string> = {
    bytea: tagOf,
    uuid: 'gen_random_uuid()',
    'uuid[]': `'{}'`,
    text: `'fact'`,
    boolean: 'false',
  }
  const value = ({ name, type }: { name: string; type: string }) =>
    name === 'tenant' ? 'case n % 2 when 0 then $1::bytea else $2 end' : (values[type] ?? '1')
  await keep.database.query(
    `insert into memkeep.${table} (${columns.map(({ name }) => name).join(', ')})
     select ${columns.map(value).join(', ')} from generate_series(1, $3::integer) n`,
    [own, foreign, others],
  )
}

/** What was read of each table until now. */
async function reads(): Promise<Map<string, number>> {
  await client.query('select pg_stat_force_next_flush()')
  const rows = await keep.database.query<{ name: string; number: string }>(
    `select t.relname as name, t.seq_tup_read + (select coalesce(sum(i.idx_tup_read), 0) from pg_stat_user_indexes i
       where i.relid = t.relid) as number from pg_stat_user_tables t where t.schemaname = 'memkeep'`,
  )
  return new Map(rows.map(({ name, number }) => [name, Number(number)]))
}

/** Every statement of an erasure that looks for a subject's rows. */
async function erase(shelf: Buffer): Promise<void> {
  const id = randomUUID()
  const call = async (doorway: string, given: object = {}) => {
    const token = keep.token(doorway, claims({ shelf }))
    const rows = await callDoorway(client, signatures, doorway, [own, token], given as Record<string, unknown>)
    expect(rows, doorway).toContainEqual(expect.objectContaining({ outcome: 'ok' }))
  }
  const bytes = Buffer.from('x')
  const asked = { p_id: id, p_after: 0, p_reason: 0, p_asked_by: 0, p_commit: bytes, p_until_ms: 1, p_epoch: 1 }
  await call('request_erasure', asked)
  await call('inspect_scope')
  await call('known_of_scope')
  await call('bar_scope', { p_id: id, p_began_ms: 1, p_barred_ms: 1, p_until_ms: 1 })
  await call('cached_of_scope')
  await call('delete_scope', { p_id: id, p_after: Buffer.alloc(0), p_began_ms: 1 })
  await call('inspect_scope')
  await call('recount_scope')
}

/** Tables of which an erasure of that subject read more than its rows. */
async function readThrough(shelf: Buffer): Promise<string[]> {
  const before = await reads()
  await erase(shelf)
  const after = await reads()
  return tables.filter((table) => after.get(table)! - before.get(table)! > few)
}

test('an erasure reads its own rows of every table, beside thousands of others', async () => {
  expect(await readThrough(subject)).toEqual([])
})

test('and a table that is read through is seen', async () => {
  await keep.database.query('drop index memkeep.support_subject, memkeep.hold_subject')
  expect((await readThrough(neighbour)).sort()).toEqual(['hold', 'support'])
})
