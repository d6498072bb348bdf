import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { freshDatabase, loginPasswords } from '../../../../test/database.ts'
import { install } from '../../src/store/install.ts'
import { ownerRoles, tableFiles } from '../../src/store/schema.ts'
import { run } from './private-server.ts'

const number = 7
const migration = tableFiles().find((file) => file.number === number)!

/** The schema of before classes, with three events of each of three actions, a month apart. */
async function older() {
  // Roles belong to the cluster: they are there only if something was installed before.
  await (await freshDatabase()).drop()
  const here = await freshDatabase({ installed: false })
  await here.query('create schema memkeep authorization memkeep_owner')
  await here.query(`grant all on schema memkeep to ${ownerRoles.join(', ')}`)
  await here.query('alter default privileges for role memkeep_owner revoke usage on types from public')
  for (const file of tableFiles().filter((file) => file.number < number))
    await run(here.admin, `set role ${file.owner}`, file.text)
  await here.query(
    `comment on schema memkeep is 'memkeep schema ${number - 1} doorways 00000000000000000000000000000000'`,
  )
  for (const action of ['memory.get', 'memory.delete', 'tenant.create']) {
    for (const month of [0, 1, 2]) {
      await here.query(
        `insert into memkeep.event values ($1, $2, $3, 'ok', 1, $1, 4, $1, $4, now(), array[$2]::uuid[], 5, $1)`,
        [Buffer.alloc(16, month), randomUUID(), action, Date.UTC(2026, 5, 1) + month * 2592000000],
      )
    }
  }
  await here.query('alter table memkeep.event enable row level security, force row level security')
  return here
}

const rows = `select tenant, id, action::text, outcome::text, reach, subject, epoch, principal, at_ms, recorded_at, memories,
  affected, detail from memkeep.event order by id`

test('an upgrade moves every event to the partition of its class and period, unaltered', async () => {
  const here = await older()
  const before = await here.query(rows)
  expect(before).toHaveLength(9)
  expect(await install(here.admin, loginPasswords)).toBe(true)
  expect(await here.query(rows)).toEqual(before)
  const places = await here.query<{ place: string }>(
    `select distinct tableoid::regclass::text || ' ' || action as place from memkeep.event order by 1`,
  )
  expect(places.map((row) => row.place)).toEqual([
    'memkeep.event_admin_09 tenant.create',
    'memkeep.event_read_00 memory.get',
    'memkeep.event_read_14 memory.get',
    'memkeep.event_read_15 memory.get',
    'memkeep.event_write_09 memory.delete',
  ])
  await here.drop()
})

test('without lifting row security for its owner it would have moved nothing, and lost them', async () => {
  const here = await older()
  const text = migration.text.replaceAll(/alter table .* no force row level security;/g, '')
  expect(text).not.toBe(migration.text)
  await run(here.admin, 'set role memkeep_owner', text)
  expect(await here.query(rows)).toEqual([])
  await here.drop()
})
