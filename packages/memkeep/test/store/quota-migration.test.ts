import { expect, test } from 'vitest'
import { freshDatabase, loginPasswords } from '../../../../test/database.ts'
import { install } from '../../src/store/install.ts'
import { ownerRoles, tableFiles } from '../../src/store/schema.ts'
import { run } from './private-server.ts'

const before = tableFiles().filter(({ number }) => number < 6)
const migration = tableFiles().find(({ number }) => number === 6)!

/** The schema of before quotas, with three shelves: two memories and an earlier version, one memory, nothing. */
async function older() {
  const here = await freshDatabase({ installed: false })
  await here.query('create schema memkeep authorization memkeep_owner')
  await here.query(`grant all on schema memkeep to ${ownerRoles.join(', ')}`)
  await here.query('alter default privileges for role memkeep_owner revoke usage on types from public')
  for (const file of before) await run(here.admin, `set role ${file.owner}`, file.text)
  await here.query("comment on schema memkeep is 'memkeep schema 5 doorways 00000000000000000000000000000000'")
  const [tenant, ana, ben, cem] = [1, 2, 3, 4].map((byte) => Buffer.alloc(16, byte))
  const memory = (subject: Buffer, sizes: number[]) =>
    here.query(
      `insert into memkeep.memory values ($1, $2, gen_random_uuid(), 1, 1, 1, 0, 'fact', 0, 0, 0, null, '{}', 1, 1, $3, $4, $5)`,
      [tenant, subject, ...sizes.map((size) => Buffer.alloc(size))],
    )
  for (const subject of [ana, ben, cem]) {
    await here.query(
      `insert into memkeep.shelf (tenant, subject, epoch, state, version, floor, memories, created_ms) values ($1, $2, 1, 0, 1, 0, 0, 0)`,
      [tenant, subject],
    )
  }
  await memory(ana!, [1, 20, 300])
  await memory(ana!, [4000, 5, 6])
  await memory(ben!, [7, 8, 9])
  await here.query(
    `insert into memkeep.memory_version values ($1, $2, gen_random_uuid(), 1, 1, 1, 0, 'fact', 0, 0, 0, null, '{}', 1, $3, $4)`,
    [tenant, ana, Buffer.alloc(50_000), Buffer.alloc(600_000)],
  )
  for (const table of ['shelf', 'memory', 'memory_version']) {
    await here.query(`alter table memkeep.${table} enable row level security, force row level security`)
  }
  return here
}

const counted = [654_332, 24, 0]
const bytes = 'select bytes::integer from memkeep.shelf order by subject'

test('an upgrade counts the rows that stand, and row security is forced again', async () => {
  const here = await older()
  expect(await install(here.admin, loginPasswords)).toBe(true)
  expect((await here.query<{ bytes: number }>(bytes)).map((row) => row.bytes)).toEqual(counted)
  const unforced = `select relname from pg_class where relnamespace = 'memkeep'::regnamespace and relkind = 'r'
    and relname <> 'token_key' and not (relrowsecurity and relforcerowsecurity)`
  expect(await here.query(unforced)).toEqual([])
  await here.drop()
})

test('without lifting row security for its owner it would have counted nothing', async () => {
  const here = await older()
  const text = migration.text.replaceAll(/alter table .* no force row level security;/g, '')
  expect(text).not.toBe(migration.text)
  await run(here.admin, 'set role memkeep_owner', text)
  expect((await here.query<{ bytes: number }>(bytes)).map((row) => row.bytes)).toEqual([0, 0, 0])
  await here.drop()
})
