import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freshDatabase } from '../../../../test/database.ts'
import { openPool } from '../../src/store/connect.ts'
import { inspectLogin } from '../../src/store/inspect.ts'
import { loginRoles, ownerRoles, schemaVersion } from '../../src/store/schema.ts'
import { type PrivateDatabase, type PrivateServer, privateServer, run, withClient } from './private-server.ts'
import { openWire } from './wire.ts'

let server: PrivateServer
let database: PrivateDatabase
let major: number

beforeAll(async () => {
  server = await privateServer()
  database = await server.database()
  const [row] = await run<{ server_version_num: string }>(database.admin, 'show server_version_num')
  major = Math.floor(Number(row!.server_version_num) / 10_000)
  await run(
    database.admin,
    'create role plain',
    'create schema other',
    'create table other.rows (tenant text, secret text)',
    'create view other.seen as select tenant from other.rows',
    'create sequence other.counter',
  )
})
afterAll(async () => {
  await run(database.admin, 'drop role plain')
  await server.stop()
})

/** What a whole inspection answers to such settings: `ok`, or the error's code and text. */
async function opened(settings: pg.PoolConfig, login: 'memkeep_app' | 'memkeep_upkeep' = 'memkeep_app') {
  const pool = openPool({ ...settings, max: 1 }, login, { embedded: true })
  try {
    await pool.query('select 1')
    return 'ok'
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return `${code} ${message}`
  } finally {
    await pool.end()
  }
}

interface Refusal {
  readonly code: string
  /** What an administrator did wrong, and how it is undone. `$db` is the database. */
  readonly spoil: string[]
  readonly repair: string[]
  readonly since?: number
}

const attribute = (name: string): Refusal => ({
  code: `login-${name}`,
  spoil: [`alter role memkeep_app ${name}`],
  repair: [`alter role memkeep_app no${name}`],
})
const grant = (code: string, what: string, since = 0): Refusal => ({
  code,
  spoil: [`grant ${what} to memkeep_app`],
  repair: [`revoke ${what} from memkeep_app`],
  since,
})
const setting = (who: string, assignment: string): Refusal => ({
  code: 'role-setting',
  spoil: [`alter ${who} set ${assignment}`],
  repair: [`alter ${who} reset ${assignment.split(' ')[0]}`],
})

const refusals: Refusal[] = [
  ...['superuser', 'bypassrls', 'createrole', 'createdb', 'replication'].map(attribute),
  ...[...ownerRoles, 'memkeep_upkeep', 'plain', 'pg_monitor', 'pg_read_all_data', 'pg_read_server_files'].map((role) =>
    grant('login-member', role),
  ),
  {
    code: 'login-member',
    spoil: ['grant memkeep_owner to plain', 'grant plain to memkeep_app with inherit false, set true'],
    repair: ['revoke plain from memkeep_app', 'revoke memkeep_owner from plain'],
    since: 16,
  },
  { code: 'login-owner', spoil: ['create schema mine authorization memkeep_app'], repair: ['drop schema mine'] },
  {
    code: 'login-owner',
    spoil: ['alter database $db owner to memkeep_app'],
    repair: [
      'alter database $db owner to current_user',
      'revoke all on database $db from memkeep_app',
      'grant connect on database $db to memkeep_app',
    ],
  },
  ...['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'].map((privilege) =>
    grant('table-privilege', `${privilege} on memkeep.memory`),
  ),
  grant('table-privilege', 'maintain on memkeep.memory', 17),
  grant('table-privilege', 'select (tenant) on memkeep.memory'),
  grant('table-privilege', 'update (secret) on other.rows'),
  grant('table-privilege', 'select on memkeep.token_key'),
  grant('table-privilege', 'select on other.seen'),
  grant('table-privilege', 'usage on sequence other.counter'),
  {
    code: 'table-privilege',
    spoil: ['grant select on other.rows to public'],
    repair: ['revoke select on other.rows from public'],
  },
  grant('system-privilege', 'select on pg_authid'),
  {
    code: 'system-privilege',
    spoil: ['grant select on pg_statistic to public'],
    repair: ['revoke select on pg_statistic from public'],
  },
  grant('system-privilege', 'execute on function pg_read_file(text)'),
  grant('stray-grant', 'set on parameter log_statement'),
  grant('stray-grant', 'select on pg_class'),
  grant('database-privilege', 'temp on database $db'),
  grant('database-privilege', 'create on database $db'),
  {
    code: 'database-privilege',
    spoil: ['grant temp on database $db to public'],
    repair: ['revoke temp on database $db from public'],
  },
  grant('schema-create', 'create on schema public'),
  grant('schema-create', 'create on schema memkeep'),
  grant('doorway-extra', 'execute on function memkeep.open_token(bytea, bytea, text)'),
  grant('doorway-extra', 'execute on function memkeep.sweep(bytea, bytea, bytea)'),
  {
    code: 'doorway-extra',
    spoil: ["create function memkeep.stray() returns int language sql as 'select 1'"],
    repair: ['drop function memkeep.stray()'],
  },
  {
    code: 'doorway-extra',
    spoil: ["create function memkeep.read(text) returns int language sql as 'select 1'"],
    repair: ['drop function memkeep.read(text)'],
  },
  {
    code: 'doorway-extra',
    spoil: [
      "create function other.stray() returns int language sql as 'select 1'",
      'grant usage on schema other to public',
    ],
    repair: ['drop function other.stray()', 'revoke usage on schema other from public'],
  },
  {
    code: 'doorway-missing',
    spoil: ['revoke execute on function memkeep.enter from memkeep_app'],
    repair: ['grant execute on function memkeep.enter to memkeep_app'],
  },
  {
    code: 'doorway-altered',
    spoil: ['alter function memkeep.enter owner to current_user'],
    repair: ['alter function memkeep.enter owner to memkeep_door'],
  },
  {
    code: 'doorway-altered',
    spoil: ['alter function memkeep.enter security invoker'],
    repair: ['alter function memkeep.enter security definer'],
  },
  {
    code: 'doorway-altered',
    spoil: ['alter function memkeep.enter set search_path = public'],
    repair: ['alter function memkeep.enter set search_path = pg_catalog, pg_temp'],
  },
  ...[...loginRoles, ...ownerRoles].map((role) => setting(`role ${role}`, 'work_mem = 8192')),
  setting('role memkeep_app in database $db', 'statement_timeout = 0'),
  setting('role all', 'search_path = public'),
  setting('database $db', 'search_path = public, pg_catalog'),
  setting('database $db', 'row_security = off'),
  setting('database $db', "memkeep.claims = 'planted'"),
  {
    code: 'synchronous-commit-off',
    spoil: ['alter database $db set synchronous_commit = off'],
    repair: ['alter database $db reset synchronous_commit'],
  },
  {
    code: 'rls-not-forced',
    spoil: ['alter table memkeep.event no force row level security'],
    repair: ['alter table memkeep.event force row level security'],
  },
  {
    code: 'rls-not-forced',
    spoil: ['alter table memkeep.memory disable row level security'],
    repair: ['alter table memkeep.memory enable row level security'],
  },
  {
    code: 'rls-no-policy',
    spoil: [
      'create table memkeep.bare (tenant bytea)',
      'alter table memkeep.bare enable row level security',
      'alter table memkeep.bare force row level security',
    ],
    repair: ['drop table memkeep.bare'],
  },
  ...['superuser', 'bypassrls', 'createrole'].map((name) => ({
    code: 'owner-role',
    spoil: [`alter role memkeep_door ${name}`],
    repair: [`alter role memkeep_door no${name}`],
  })),
  {
    code: 'owner-role',
    spoil: ['grant memkeep_seal to memkeep_door'],
    repair: ['revoke memkeep_seal from memkeep_door'],
  },
]

describe('a connection is refused while', () => {
  test.each(refusals)('$code: $spoil', async ({ code, spoil, repair, since = 0 }) => {
    if (major < since) return
    const here = (text: string): string => text.replace('$db', database.admin.database!)
    expect(await opened(database.app)).toBe('ok')
    await run(database.admin, ...spoil.map(here))
    try {
      expect(await opened(database.app)).toMatch(new RegExp(`^ERR_STORE_UNSAFE .*\\b${code}: `))
    } finally {
      await run(database.admin, ...repair.map(here))
    }
    expect(await opened(database.app)).toBe('ok')
  })
})

test('both logins pass as they are installed', async () => {
  for (const login of loginRoles) {
    const settings = login === 'memkeep_app' ? database.app : database.upkeep
    const found = await withClient(settings, (client) =>
      inspectLogin(client, login, { embedded: true, tls: 'loopback' }),
    )
    expect(found.filter((finding) => finding.fatal)).toEqual([])
  }
})

test('a superuser who acts as the login is refused on every count', async () => {
  const answer = await opened({ ...database.admin, options: '-c role=memkeep_app' })
  expect(answer).toMatch(/^ERR_STORE_UNSAFE .*login-other: .*login-acts-as-other: .*login-superuser: /)
})

test('one login cannot stand in for the other', async () => {
  expect(await opened(database.upkeep, 'memkeep_app')).toMatch(/^ERR_STORE_UNSAFE .*login-other: /)
})

test('a session that was told to act as another role is refused', async () => {
  await run(database.admin, 'grant memkeep_upkeep to memkeep_app')
  try {
    expect(await opened({ ...database.app, options: '-c role=memkeep_upkeep' })).toMatch(/login-acts-as-other: /)
  } finally {
    await run(database.admin, 'revoke memkeep_upkeep from memkeep_app')
  }
})

test('a session whose commits do not wait for the disk is refused', async () => {
  expect(await opened({ ...database.app, options: '-c synchronous_commit=off' })).toMatch(
    /^ERR_STORE_UNSAFE .*synchronous-commit-off: /,
  )
})

test('a temporary table cannot stand in for a table of the system', async () => {
  const here = database.admin.database!
  await run(database.admin, `grant temp on database ${here} to memkeep_app`, 'alter role memkeep_app createdb')
  try {
    await withClient(database.app, async (client) => {
      await client.query('create temp table pg_roles as select * from pg_catalog.pg_roles where false')
      await client.query('set search_path = pg_temp, pg_catalog')
      expect((await client.query('select * from pg_roles')).rows).toEqual([])
      const findings = await inspectLogin(client, 'memkeep_app', { embedded: true, tls: 'loopback' })
      expect(findings.map((finding) => finding.code)).toContain('login-createdb')
      expect((await client.query('show search_path')).rows).toEqual([{ search_path: 'pg_temp, pg_catalog' }])
    })
  } finally {
    await run(database.admin, `revoke temp on database ${here} from memkeep_app`, 'alter role memkeep_app nocreatedb')
  }
})

describe('a schema that this code does not accept is ERR_STORE_VERSION', () => {
  const digest = '0'.repeat(32)
  test.each([
    [
      'two versions newer',
      `memkeep schema ${schemaVersion + 2} doorways ${digest}`,
      /is newer .*use the newer Memkeep/,
    ],
    ['two versions older', `memkeep schema ${schemaVersion - 2} doorways ${digest}`, /is older .*memkeep migrate/],
    ['not made by Memkeep', 'somebody’s notes', /not made by Memkeep/],
  ])('%s', async (_, note, text) => {
    const other = await server.database()
    await run(other.admin, `comment on schema memkeep is '${note}'`)
    const answer = await opened(other.app)
    expect(answer).toMatch(/^ERR_STORE_VERSION /)
    expect(answer).toMatch(text)
  })

  test('absent', async () => {
    const other = await server.database({ installed: false })
    await run(
      other.admin,
      `revoke temp on database ${other.admin.database} from public`,
      'revoke all on schema public from public',
    )
    expect(await opened(other.app)).toMatch(/^ERR_STORE_VERSION .*memkeep migrate/)
  })

  test('but the next version is accepted, with the doorways it adds and none elsewhere', async () => {
    const other = await server.database()
    await run(
      other.admin,
      `comment on schema memkeep is 'memkeep schema ${schemaVersion + 1} doorways ${digest}'`,
      'grant execute on function memkeep.sweep(bytea, bytea, bytea) to memkeep_app',
    )
    expect(await opened(other.app)).toBe('ok')
    await run(
      other.admin,
      'create schema elsewhere',
      "create function elsewhere.stray() returns int language sql as 'select 1'",
      'grant usage on schema elsewhere to memkeep_app',
      'grant execute on function elsewhere.stray() to memkeep_app',
    )
    expect(await opened(other.app)).toMatch(/doorway-extra: /)
  })

  test('but the version before is accepted, with the doorways it had and no other', async () => {
    const other = await server.database()
    await run(
      other.admin,
      `comment on schema memkeep is 'memkeep schema ${schemaVersion - 1} doorways ${digest}'`,
      'drop function memkeep.enter',
    )
    expect(await opened(other.app)).toBe('ok')
    await run(other.admin, "create function memkeep.stray() returns int language sql as 'select 1'")
    expect(await opened(other.app)).toMatch(/doorway-extra: /)
  })
})

test('every further connection is looked at, though not as a whole', async () => {
  const pool = openPool(database.app, 'memkeep_app', { embedded: true })
  const first = await pool.connect()
  await run(database.admin, 'alter role memkeep_app createdb')
  try {
    await expect(pool.connect()).rejects.toMatchObject({ code: 'ERR_STORE_UNSAFE' })
  } finally {
    await run(database.admin, 'alter role memkeep_app nocreatedb')
  }
  const second = await pool.connect()
  first.release()
  second.release()
  await pool.end()
})

test('another server behind the same address is inspected whole', async () => {
  const other = await freshDatabase()
  const twin = await server.database({ name: other.name })
  await run(twin.admin, 'grant select on memkeep.memory to memkeep_app')
  const wire = await openWire(other.app)
  const told = vi.fn()
  const settings = { ...other.app, host: wire.host, port: wire.port }
  const pool = openPool(settings, 'memkeep_app', { embedded: true, onInspected: told })
  const first = await pool.connect()
  wire.leadTo(twin.app)
  await expect(pool.connect()).rejects.toThrow(/table-privilege: /)
  await run(twin.admin, 'revoke select on memkeep.memory from memkeep_app')
  const second = await pool.connect()
  expect(told).toHaveBeenCalledTimes(2)
  first.release()
  second.release()
  await pool.end()
  await wire.close()
  await other.drop()
})
