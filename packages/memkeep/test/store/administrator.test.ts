import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { loginPasswords } from '../../../../test/database.ts'
import { openPool } from '../../src/store/connect.ts'
import { install } from '../../src/store/install.ts'
import { loginRoles, ownerRoles } from '../../src/store/schema.ts'
import { catalogueChecks } from './catalogue-checks.ts'
import { type PrivateServer, privateServer, run, withClient } from './private-server.ts'

let server: PrivateServer
let major: number
const roles = [...ownerRoles, ...loginRoles].join(', ')
const databases: string[] = []

beforeAll(async () => {
  server = await privateServer()
  const [row] = await run<{ server_version_num: string }>(server.admin, 'show server_version_num')
  major = Math.floor(Number(row!.server_version_num) / 10_000)
})
afterAll(() => server.stop())

// Roles belong to the cluster: each test starts without them, as on a server that never saw Memkeep.
const dropRoles = (): Promise<unknown> => run(server.admin, `drop role if exists ${roles}, boss, other_boss`)
beforeEach(dropRoles)
afterEach(async () => {
  for (const name of databases.splice(0)) await run(server.admin, `drop database ${name} with (force)`)
  await dropRoles()
})

/** A role that is no superuser, and a database that it owns. */
async function administrator(rights: string, name = 'boss'): Promise<pg.ClientConfig> {
  const database = `of_${name}`
  await run(
    server.admin,
    `create role ${name} login password '${name}' ${rights}`,
    `create database ${database} owner ${name}`,
  )
  databases.push(database)
  return { ...server.admin, database, user: name, password: name }
}

async function expectInstalled(admin: pg.ClientConfig): Promise<void> {
  await withClient({ ...server.admin, database: admin.database! }, async (client) => {
    for (const check of Object.values(catalogueChecks)) expect(await check(client)).toEqual([])
  })
  for (const login of loginRoles) {
    const password = login === 'memkeep_app' ? loginPasswords.app : loginPasswords.upkeep
    const pool = openPool({ ...admin, user: login, password }, login, { embedded: true })
    await pool.query('select 1')
    await pool.end()
  }
}

test.each(['createrole', 'createrole noinherit'])('%s and the database are enough', async (rights) => {
  const boss = await administrator(rights)
  expect(await install(boss, loginPasswords)).toBe(true)
  await expectInstalled(boss)
  expect(await install(boss, loginPasswords)).toBe(false)
  expect(await install(boss, {}, { again: true })).toBe(true)
  await expectInstalled(boss)
})

test('afterwards the administrator can act as none of the roles without granting itself one first', async () => {
  const boss = await administrator('createrole')
  await install(boss, loginPasswords)
  for (const role of [...ownerRoles, ...loginRoles]) {
    await expect(run(boss, `set role ${role}`)).rejects.toMatchObject({ code: '42501' })
  }
  await expect(run(boss, 'select * from memkeep.memory')).rejects.toMatchObject({ code: '42501' })
  await expect(run(boss, 'select * from memkeep.token_key')).rejects.toMatchObject({ code: '42501' })
})

test.each([
  ['the right to create roles', 'nocreaterole'],
  ['a database of its own', 'createrole'],
])('without %s nothing is done', async (lack, rights) => {
  const boss = await administrator(rights)
  if (lack.startsWith('a database')) await run(server.admin, `alter database ${boss.database} owner to current_user`)
  await expect(install(boss, loginPasswords)).rejects.toMatchObject({ code: '42501' })
  expect(await run(server.admin, "select from pg_roles where rolname like 'memkeep_%door'")).toEqual([])
})

test('a second administrator on the same cluster needs the roles with ADMIN OPTION', async () => {
  const boss = await administrator('createrole')
  const other = await administrator('createrole', 'other_boss')
  await install(boss, loginPasswords)
  if (major >= 16) {
    await expect(install(other)).rejects.toMatchObject({ code: '42501' })
    await run(server.admin, `grant ${roles} to other_boss with admin option`)
  }
  expect(await install(other)).toBe(true)
  await expectInstalled(other)
})

test('a database without schema public, or with one of somebody else, is no obstacle', async () => {
  const boss = await administrator('createrole')
  const here = { ...server.admin, database: boss.database! }
  await run(here, 'alter schema public owner to current_user', 'grant usage on schema public to public')
  expect(await install(boss, loginPasswords)).toBe(true)
  await run(here, 'drop schema public')
  expect(await install(boss, {}, { again: true })).toBe(true)
  await expectInstalled(boss)
})

test('what only a superuser can close is closed by the statement in docs/install.md', async () => {
  const boss = await administrator('createrole')
  await install(boss, loginPasswords)
  const app = { ...boss, user: 'memkeep_app', password: loginPasswords.app }
  await expect(run(app, 'select lo_unlink(lo_creat(-1))')).resolves.toHaveLength(1)
  const text = readFileSync(new URL('../../../../docs/install.md', import.meta.url), 'utf8')
  const statement = text
    .split('```')
    .find((block) => block.startsWith('sql\ndo '))!
    .slice('sql\n'.length)
  await run({ ...server.admin, database: boss.database! }, statement)
  for (const attack of ['select lo_creat(-1)', "select pg_logical_emit_message(false, 'm', 'x')"]) {
    await expect(run(app, attack)).rejects.toMatchObject({ code: '42501' })
  }
})
