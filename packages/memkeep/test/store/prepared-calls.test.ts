import type pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { RandomIds } from '../../src/core/ids.ts'
import { openPool } from '../../src/store/connect.ts'
import { Doorways } from '../../src/store/doorways.ts'
import { install } from '../../src/store/install.ts'
import { AttackedKeep, claims, own } from '../attacks/attacked-keep.ts'
import { openWire } from './wire.ts'

let keep: AttackedKeep
beforeAll(async () => {
  keep = await AttackedKeep.start()
})
afterAll(() => keep.stop())

interface Caller {
  readonly pool: pg.Pool
  enter(): Promise<Record<string, unknown>>
  /** Names of the statements that the connection has prepared. */
  prepared(): Promise<string[]>
  pid(): Promise<number>
}

/** Doorways on one connection. */
function caller(settings: pg.PoolConfig = keep.database.app): Caller {
  const pool = openPool({ ...settings, max: 1 }, 'memkeep_app', { embedded: true })
  onTestFinished(async () => {
    if (!pool.ending) await pool.end()
  })
  const doorways = new Doorways(pool, async () => Buffer.from(keep.key.key), { now: Date.now }, new RandomIds())
  return {
    pool,
    async enter() {
      const call = { doorway: 'enter', claims: claims({ tenant: own }), args: [Buffer.from('d')] }
      return (await doorways.read(call))[0]!
    },
    async prepared() {
      const { rows } = await pool.query<{ name: string }>('select name from pg_prepared_statements order by 1')
      return rows.map((row) => row.name)
    },
    async pid() {
      return (await pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid
    },
  }
}

test('a doorway is called as a prepared statement, one for each', async () => {
  const { enter, prepared } = caller()
  for (let call = 0; call < 3; call++) expect(await enter()).toMatchObject({ outcome: 'ok', epoch: 1 })
  expect(await prepared()).toEqual(['enter/3'])
})

test('but not where the client was told another process id than the server has: there a pooler stands between', async () => {
  const wire = await openWire(keep.database.app)
  const through = { ...keep.database.app, host: wire.host, port: wire.port }
  const seen = caller(through)
  await seen.enter()
  expect(await seen.prepared()).toEqual(['enter/3'])
  wire.disguise()
  const behind = caller(through)
  for (let call = 0; call < 3; call++) expect(await behind.enter()).toMatchObject({ outcome: 'ok' })
  expect(await behind.prepared()).toEqual([])
  for (const { pool } of [seen, behind]) await pool.end()
  await wire.close()
})

test('an installation anew under a connection: its statements go on', async () => {
  const { enter, prepared, pid } = caller()
  await enter()
  const before = await pid()
  await install(keep.database.admin, {}, { again: true })
  expect(await enter()).toMatchObject({ outcome: 'ok' })
  expect(await prepared()).toEqual(['enter/3'])
  expect(await pid()).toBe(before)
})

/** Replaces a doorway by one of the same arguments, as an upgrade does, with its answer changed. */
async function upgradeEnter(change: (text: string) => string): Promise<void> {
  const [row] = await keep.database.query<{ text: string }>(
    "select pg_get_functiondef('memkeep.enter'::regproc) as text",
  )
  const text = change(row!.text)
  const owner =
    'alter function memkeep.enter owner to memkeep_door; grant execute on function memkeep.enter to memkeep_app'
  await keep.database.query(`begin; drop function memkeep.enter; ${text}; ${owner}; commit`)
}

test('a doorway dropped and made again, with the same answer and with another: the call does not notice', async () => {
  const { enter, prepared, pid } = caller()
  await enter()
  const before = await pid()
  await upgradeEnter((text) => text)
  expect(await enter()).toMatchObject({ outcome: 'ok' })
  expect(await pid()).toBe(before)
  await upgradeEnter((text) => text.replace('policy bytea)', 'policy bytea, more text)'))
  const events = async () => (await keep.database.query('select from memkeep.event')).length
  const written = await events()
  expect(await enter()).toMatchObject({ outcome: 'ok', epoch: 1, more: null })
  expect(await events()).toBe(written + 1)
  // On a connection anew, and prepared there as ever.
  expect(await pid()).not.toBe(before)
  await enter()
  expect(await prepared()).toEqual(['enter/3'])
  await upgradeEnter((text) => text.replace(', more text)', ')'))
})

test('statements that the server has forgotten are made again', async () => {
  const { pool, enter, prepared } = caller()
  await enter()
  await pool.query('deallocate all')
  expect(await enter()).toMatchObject({ outcome: 'ok' })
  await enter()
  expect(await prepared()).toEqual(['enter/3'])
})

test('a doorway that is gone is said to be', async () => {
  const { enter } = caller()
  await enter()
  await keep.database.query('drop function memkeep.enter')
  await expect(enter()).rejects.toMatchObject({ code: 'ERR_STORE_VERSION' })
  await install(keep.database.admin, {}, { again: true })
  expect(await enter()).toMatchObject({ outcome: 'ok' })
})

test('a connection lost while nothing listens is no uncaught error: the pool goes on', async () => {
  const { pool, enter } = caller()
  const client = await pool.connect()
  const ended = new Promise((resolve) => client.once('end', resolve))
  await keep.database.query('select pg_terminate_backend($1)', [(client as unknown as { processID: number }).processID])
  await ended
  client.release()
  expect(await enter()).toMatchObject({ outcome: 'ok' })
})
