import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, loginPasswords, type TestDatabase } from '../../../../test/database.ts'
import { inspectLogin } from '../../src/store/inspect.ts'
import { install } from '../../src/store/install.ts'
import { loginRoles, ownerRoles, schemaVersion, tableFiles } from '../../src/store/schema.ts'
import { catalogueChecks } from './catalogue-checks.ts'
import { run, withClient } from './private-server.ts'
import { openWire } from './wire.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

/** Everything that stands against the schema and the logins of a database; empty when it is as it must be. */
async function wrongs(here: TestDatabase): Promise<string[]> {
  const found = await withClient(here.admin, async (client) => {
    const all: string[] = []
    for (const check of Object.values(catalogueChecks)) all.push(...(await check(client)))
    return all
  })
  for (const login of loginRoles) {
    const settings = login === 'memkeep_app' ? here.app : here.upkeep
    const findings = await withClient(settings, (client) =>
      inspectLogin(client, login, { embedded: true, tls: 'loopback' }),
    )
    found.push(...findings.filter((finding) => finding.fatal).map((finding) => finding.code))
  }
  return found
}

/** The catalogue as one text, to see that nothing was altered. */
async function pictureOf(here: TestDatabase): Promise<string> {
  const [row] = await here.query<{ picture: string }>(
    `select concat(
      (select string_agg(p::text, E'\\n' order by p.oid) from pg_proc p where p.pronamespace = 'memkeep'::regnamespace),
      (select string_agg(c::text, E'\\n' order by c.oid) from pg_policy c),
      (select string_agg(c.relname || c.relacl::text, E'\\n' order by c.oid) from pg_class c
        where c.relnamespace = 'memkeep'::regnamespace),
      (select string_agg(n::text, E'\\n' order by n.oid) from pg_namespace n),
      (select string_agg(d::text, E'\\n') from pg_database d where d.datname = current_database()),
      obj_description('memkeep'::regnamespace, 'pg_namespace')) as picture`,
  )
  return row!.picture
}

test('a second installation changes nothing', async () => {
  const before = await pictureOf(database)
  expect(await install(database.admin, loginPasswords)).toBe(false)
  expect(await install(database.admin)).toBe(false)
  expect(await pictureOf(database)).toBe(before)
})

describe('a schema note of', () => {
  test.each([
    ['a newer version', `memkeep schema ${schemaVersion + 1} doorways ${'0'.repeat(32)}`, /newer version/],
    ['somebody else', 'a schema of my own', /not made by Memkeep/],
    ['nobody', '', /not made by Memkeep/],
  ])('%s is refused, and nothing is altered', async (_, note, text) => {
    const here = await freshDatabase()
    await here.query(`comment on schema memkeep is '${note}'`)
    const before = await pictureOf(here)
    await expect(install(here.admin, loginPasswords)).rejects.toMatchObject({
      code: 'ERR_STORE_VERSION',
      message: expect.stringMatching(text),
    })
    expect(await pictureOf(here)).toBe(before)
    await here.drop()
  })
})

describe('a repair', () => {
  test('brings back policies, grants and bodies, and removes what does not belong', async () => {
    const here = await freshDatabase()
    for (const text of [
      'drop policy read on memkeep.memory',
      'create policy wide_open on memkeep.memory to memkeep_door using (true)',
      'alter table memkeep.event no force row level security',
      'grant delete on memkeep.event to memkeep_door',
      'alter function memkeep.enter security invoker',
      'grant execute on function memkeep.open_token to memkeep_app',
      'create function memkeep.stray() returns int language sql as $$ select 1 $$',
      'create function memkeep.read(text) returns int language sql as $$ select 1 $$',
      'create procedure memkeep.stray_procedure() language sql as $$ select 1 $$',
      'create aggregate memkeep.stray_sum(int) (sfunc = int4pl, stype = int)',
    ]) {
      await here.query(text)
    }
    expect(await wrongs(here)).not.toEqual([])
    expect(await install(here.admin)).toBe(false)
    expect(await install(here.admin, {}, { again: true })).toBe(true)
    expect(await wrongs(here)).toEqual([])
    const [row] = await here.query<{ held: boolean }>(
      "select has_table_privilege('memkeep_door', 'memkeep.event', 'DELETE') as held",
    )
    expect(row!.held).toBe(false)
    const policies = await here.query<{ policyname: string }>(
      "select policyname from pg_policies where tablename = 'memory'",
    )
    expect(policies.map((policy) => policy.policyname)).not.toContain('wide_open')
    await here.drop()
  })

  test('an upgrade with a doorway that had other arguments leaves the new one alone', async () => {
    const here = await freshDatabase()
    await here.query('drop function memkeep.settle')
    await here.query('create function memkeep.settle(bytea, bytea, uuid) returns int language sql as $$ select 1 $$')
    await here.query(`comment on schema memkeep is 'memkeep schema ${schemaVersion} doorways ${'0'.repeat(32)}'`)
    expect(await install(here.admin)).toBe(true)
    expect(await wrongs(here)).toEqual([])
    await here.drop()
  })
})

test('an upgrade from the version before applies the tables that came since, and keeps the rows', async () => {
  const here = await freshDatabase({ installed: false })
  const before = tableFiles().filter((file) => file.number < schemaVersion)
  await here.query('create schema memkeep authorization memkeep_owner')
  await here.query(`grant all on schema memkeep to ${ownerRoles.join(', ')}`)
  await here.query('alter default privileges for role memkeep_owner revoke usage on types from public')
  for (const file of before) await run(here.admin, `set role ${file.owner}`, file.text)
  await here.query(`comment on schema memkeep is 'memkeep schema ${schemaVersion - 1} doorways ${'0'.repeat(32)}'`)
  await here.query("insert into memkeep.tenant values (substring(sha256('x') from 1 for 16), 1, 0, 0, null, '', 0)")
  expect(await install(here.admin, loginPasswords)).toBe(true)
  expect(await here.query('select epoch from memkeep.tenant')).toEqual([{ epoch: 1 }])
  expect(await wrongs(here)).toEqual([])
  await here.drop()
})

test('what stands in the administrator’s own search path cannot stand in for the system’s functions', async () => {
  const here = await freshDatabase({ installed: false })
  const planted = 'create function planted.octet_length(bytea) returns int immutable language sql as $$ select 16 $$'
  await run(here.admin, 'create schema planted', 'grant usage on schema planted to public', planted)
  await install({ ...here.admin, options: '-c search_path=planted,pg_catalog' })
  const rows = await here.query("select from pg_depend where refobjid = 'planted.octet_length(bytea)'::regprocedure")
  expect(rows).toEqual([])
  await here.drop()
})

describe('installers at once', () => {
  test('on one database: one installs, the others find it done', async () => {
    const here = await freshDatabase({ installed: false })
    const done = await Promise.all(Array.from({ length: 4 }, () => install(here.admin, loginPasswords)))
    expect(done.toSorted()).toEqual([false, false, false, true])
    expect(await wrongs(here)).toEqual([])
    await here.drop()
  })

  test('on several databases of one cluster: all install, though they share the roles', async () => {
    const several = await Promise.all(Array.from({ length: 4 }, () => freshDatabase({ installed: false })))
    const done = await Promise.all(several.map((here) => install(here.admin, loginPasswords)))
    expect(done).toEqual([true, true, true, true])
    for (const here of several) {
      expect(await wrongs(here)).toEqual([])
      await here.drop()
    }
  })
})

test('an installer that is cut off anywhere leaves nothing half-done, and the next one finishes', async () => {
  const here = await freshDatabase({ installed: false })
  const wire = await openWire(here.admin)
  const through: pg.ClientConfig = { ...here.admin, host: wire.host, port: wire.port }
  const places = [
    'pg_advisory_xact_lock',
    'create schema memkeep',
    'memkeep.memory_version (',
    'force row level security',
    'memkeep.open_token(',
    'drop policy',
    'revoke create on schema',
    'comment on schema memkeep',
    'commit',
  ]
  for (const place of places) {
    wire.cutAt(place)
    await expect(install(through, loginPasswords)).rejects.toThrow(/^Connection terminated|ECONNRESET/)
    expect(await here.query("select 1 from pg_namespace where nspname = 'memkeep'")).toEqual([])
  }
  wire.cutAt(null)
  expect(await install(through, loginPasswords)).toBe(true)
  expect(await wrongs(here)).toEqual([])
  await wire.close()
  await here.drop()
})

test('a refused statement is not tried again and again, and the driver’s error comes out', async () => {
  const here = await freshDatabase({ installed: false })
  await here.query('create schema memkeep')
  await here.query("comment on schema memkeep is 'memkeep schema 1 doorways 00000000000000000000000000000000'")
  const wire = await openWire(here.admin)
  const begun = wire.countOf('begin')
  const through: pg.ClientConfig = { ...here.admin, host: wire.host, port: wire.port }
  await expect(install(through)).rejects.toMatchObject({ code: expect.stringMatching(/^(42P01|42501|3F000)$/) })
  expect(begun()).toBe(1)
  await wire.close()
  await here.drop()
})
