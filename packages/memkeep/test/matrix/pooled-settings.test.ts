import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'
import { documentedSettings, PgBouncer, type PgBouncerOptions, pgBouncerName, pgBouncerVersion } from './pgbouncer.ts'

// What a session was told before a call came to it: by PgBouncer, or by whoever had it before.

const user = { actor: 'user' } as const
const one = { default_pool_size: 1 }

describe.skipIf(pgBouncerVersion === null)(`sessions of ${pgBouncerName}`, () => {
  let database: TestDatabase
  let store: TestKeep
  beforeAll(async () => {
    database = await freshDatabase()
    store = await TestKeep.start({}, database)
  })
  afterAll(() => store?.[Symbol.asyncDispose]())

  async function bouncer(options: PgBouncerOptions): Promise<PgBouncer> {
    const started = await PgBouncer.before(database.app, options)
    onTestFinished(() => started.stop())
    return started
  }

  async function client(through: PgBouncer, settings: pg.ClientConfig = {}): Promise<pg.Client> {
    const connected = new pg.Client({ ...through.through(database.app), ...settings })
    connected.on('error', () => {})
    onTestFinished(() => connected.end())
    await connected.connect()
    return connected
  }

  /** A keep whose sessions begin with that statement. */
  async function openAfter(statement: string) {
    const through = await bouncer({ settings: one, route: `connect_query='${statement.replaceAll("'", "''")}'` })
    return store.open({ database: { ...through.through(database.app), max: 2 } })
  }

  test('PgBouncer refuses settings in the start-up message, and the kernel sends none', async () => {
    const strict = await bouncer({ settings: one })
    for (const setting of [
      { options: '-c search_path=public' },
      { statement_timeout: 1000 },
      { lock_timeout: 1000 },
      { idle_in_transaction_session_timeout: 1000 },
    ]) {
      const refused = client(strict, setting)
      await expect(refused, Object.keys(setting)[0]!).rejects.toThrow(/unsupported startup parameter/)
    }
    const keep = await store.open({ database: strict.through(database.app) })
    expect((await store.memory({}, keep).add('stored', user)).outcome).toBe('stored')
    await keep.close()
  })

  test('sessions that begin in a way that opens no wall serve, or every call is refused', async () => {
    for (const statement of [
      "set search_path = 'pg_temp, public'",
      'set bytea_output = escape',
      'set quote_all_identifiers = on',
      'set plan_cache_mode = force_custom_plan',
    ]) {
      const keep = await openAfter(statement)
      const { id } = await store.memory({}, keep).add(statement, user)
      expect((await store.memory({}, keep).get(id))?.content, statement).toBe(statement)
      await keep.close()
    }
    for (const [statement, code] of [
      ['set synchronous_commit = off', 'ERR_STORE_UNSAFE'],
      // What a policy would filter is an error then: the audit row of the first call.
      ['set row_security = off', 'ERR_AUDIT_UNAVAILABLE'],
      ["set default_transaction_isolation = 'serializable'", 'ERR_STORE_UNSAFE'],
      ['set default_transaction_read_only = on', 'ERR_STORE_UNAVAILABLE'],
    ] as const) {
      expect(await codeOf(openAfter(statement)), statement).toBe(code)
    }
  })

  test('a PgBouncer that logs in as somebody else is refused', async () => {
    const through = await bouncer({ settings: one, route: 'user=memkeep_upkeep' })
    const refused = await errorOf(store.open({ database: through.through(database.app) }))
    expect(refused.code).toBe('ERR_STORE_UNSAFE')
    expect(refused.message).toContain('login-other: ')
  })

  test('a statement that took too long is undone, and said to have failed', async () => {
    const keep = await openAfter('set statement_timeout = 200')
    const memory = store.memory({ subject: 'slow' }, keep)
    await memory.add('first', user)
    const blocker = new pg.Client(database.admin)
    await blocker.connect()
    await blocker.query('begin')
    await blocker.query('select 1 from memkeep.shelf for update')
    expect(await codeOf(memory.add('second', user))).toBe('ERR_STORE_UNAVAILABLE')
    await blocker.query('rollback')
    await blocker.end()
    await memory.add('third', user)
    expect((await memory.list()).items.map(({ content }) => content).sort()).toEqual(['first', 'third'])
    await keep.close()
  })

  describe('what one client leaves in a session', () => {
    /** The attacker may run any SQL as the application's login. */
    async function meet(settings: PgBouncerOptions['settings']) {
      const through = await bouncer({ settings: { ...settings, ...one } })
      return { victim: await client(through), attacker: await client(through) }
    }
    const stolen = "select nullif(current_setting('a.stolen', true), '') as token"
    const named = {
      name: 'call',
      text: 'select length(p) as n from (select $1::bytea) s (p)',
      values: [Buffer.from('token')],
    }
    /** The victim prepares under a name, the attacker puts another statement there, the victim executes by name. */
    async function plant(settings: PgBouncerOptions['settings']) {
      const { victim, attacker } = await meet(settings)
      await victim.query(named)
      const names = await attacker.query<{ name: string }>('select name from pg_prepared_statements')
      for (const { name } of names.rows) {
        await attacker.query(`deallocate "${name}"`)
        await attacker.query(
          `prepare "${name}" (bytea) as select set_config('a.stolen', encode($1, 'escape'), false) as n`,
        )
      }
      await victim.query(named).catch(() => {})
      return (await attacker.query(stolen)).rows[0].token
    }
    /** Whether commits of the victim wait for the disk, when the attacker does not want it. */
    async function durability(settings: PgBouncerOptions['settings']) {
      const { victim, attacker } = await meet(settings)
      await attacker.query('set synchronous_commit = off')
      return (await victim.query('show synchronous_commit')).rows[0].synchronous_commit
    }

    test('as PgBouncer comes: settings, and a statement under the name of another', async () => {
      expect(await durability({})).toBe('off')
      expect(await plant({})).toBe('token')
    })

    test('nothing, with the documented settings', async () => {
      expect(await durability(documentedSettings())).toBe('on')
      expect(await plant(documentedSettings())).toBe(null)
    })

    test('so the kernel names no statement in a session that it shares', async () => {
      const through = await bouncer({ settings: one })
      const keep = await store.open({ database: { ...through.through(database.app), max: 2 } })
      const memory = store.memory({ subject: 'often' }, keep)
      for (let round = 0; round < 8; round++) {
        const { id } = await memory.add(`round ${round}`, user)
        await memory.get(id)
        await memory.search('round')
        await memory.list()
      }
      const other = await client(through)
      expect((await other.query('select name from pg_prepared_statements')).rows).toEqual([])
      // One that has a name would be seen.
      await other.query(named)
      expect((await other.query('select name from pg_prepared_statements')).rows).toHaveLength(1)
      await keep.close()
    })
  })
})
