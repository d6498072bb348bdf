import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { inspectLogin } from '../../src/store/inspect.ts'
import { withClient } from '../store/private-server.ts'
import { attempt } from './attacked-keep.ts'

// A login without a table must not leave bytes that no doorway saw, nor objects that end the service.
let database: TestDatabase
/** Without Memkeep's schema, so nothing was closed: the attacks work there. */
let open: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  open = await freshDatabase({ installed: false })
})
afterAll(() => Promise.all([database?.drop(), open?.drop()]))

const attacks = [
  'select lo_creat(-1)',
  'select lo_create(0)',
  "select lo_from_bytea(0, 'plaintext')",
  "select pg_logical_emit_message(false, 'memkeep', 'plaintext')",
  "select pg_logical_emit_message(true, 'memkeep', 'plaintext'::bytea)",
]

/** On an object that the superuser made and gave the login. */
const onObject = (oid: string) => [
  `select lo_put(${oid}, 0, 'plaintext')`,
  `select lowrite(lo_open(${oid}, 131072), 'plaintext')`,
  `select lo_unlink(${oid})`,
]

const asLogin = (here: TestDatabase, login: 'app' | 'upkeep', text: string) =>
  withClient(here[login], (client: pg.Client) => attempt(client, text))

async function gift(here: TestDatabase): Promise<string> {
  const [row] = await here.query<{ oid: string }>('select lo_create(0)::text as oid')
  await here.query(`alter large object ${row!.oid} owner to memkeep_app`)
  return row!.oid
}

test.each(['app', 'upkeep'] as const)('memkeep_%s leaves no large object and no message', async (login) => {
  for (const attack of attacks) {
    expect(typeof (await asLogin(open, login, attack)), attack).toBe('object')
    expect(await asLogin(database, login, attack), attack).toBe('42501')
  }
})

test('an object that is its own it can neither write nor remove', async () => {
  for (const attack of onObject(await gift(open))) {
    expect(typeof (await asLogin(open, 'app', attack)), attack).toBe('object')
  }
  const oid = await gift(database)
  for (const attack of onObject(oid)) expect(await asLogin(database, 'app', attack), attack).toBe('42501')
  await database.query(`select lo_unlink(${oid})`)
})

test('large objects of the login are told with their remedy, and stop no service', async () => {
  const look = async () =>
    (
      await withClient(database.app, (client) =>
        inspectLogin(client, 'memkeep_app', { embedded: true, tls: 'loopback' }),
      )
    ).filter(({ code }) => code.startsWith('login-'))
  expect(await look()).toEqual([])
  await gift(database)
  const [finding, ...others] = await look()
  expect(others).toEqual([])
  expect(finding).toMatchObject({ code: 'login-large-object', fatal: false })
  const remedy = /^as a superuser: (select .*?);/.exec(finding!.remedy)![1]!
  await database.query(remedy)
  expect(await look()).toEqual([])
})
