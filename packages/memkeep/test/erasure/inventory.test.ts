import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { annotated, deletedTables } from '../../src/store/inventory.ts'
import { doorwayFiles, guardFiles } from '../../src/store/schema.ts'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.admin)
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

/** Every column of the live catalogue, but for those of partitions, which are their root's. */
async function liveColumns(): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname || '.' || a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'memkeep'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and a.attnum > 0 and not a.attisdropped`,
  )
  return rows.map(({ name }) => name).sort()
}

test.each(['subject', 'tenant'] as const)('every column says what becomes of it when a %s is erased', async (kind) => {
  const named = annotated(kind).map(([column]) => column)
  expect(named).toEqual(await liveColumns())
  expect(new Set(named).size, 'none twice').toBe(named.length)
})

test.each([
  'alter table memkeep.memory add column note text',
  'alter table memkeep.event add column note text',
  'create table memkeep.planted (tenant bytea primary key)',
])('and what is planted turns it red: %s', async (plant) => {
  await client.query('begin')
  try {
    await client.query(plant)
    expect(annotated('subject').map(([column]) => column)).not.toEqual(await liveColumns())
  } finally {
    await client.query('rollback')
  }
})

test('whatever goes by rows is deleted and counted by name', () => {
  const text = (name: string) =>
    [...doorwayFiles(), ...guardFiles()].find((file) => file.name.endsWith(`/${name}.sql`))!.text
  for (const table of new Set([...deletedTables('subject'), ...deletedTables('tenant')])) {
    expect(text('delete-scope'), table).toContain(`delete from memkeep.${table} `)
    expect(text('09-held-of-scope'), table).toMatch(
      new RegExp(`select '${table}', count\\(\\*\\) from memkeep\\.${table} `),
    )
  }
})
