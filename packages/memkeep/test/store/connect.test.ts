import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { MemkeepError } from '../../src/core/errors.ts'
import { openPool } from '../../src/store/connect.ts'
import { isConnectionLoss, storeFailure } from '../../src/store/failure.ts'
import type { Finding } from '../../src/store/inspect.ts'
import { transportOf } from '../../src/store/transport.ts'
import { openWire } from './wire.ts'

const run = promisify(execFile)

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

function poolOf(settings: pg.PoolConfig, told?: (findings: readonly Finding[]) => void): pg.Pool {
  const pool = openPool(settings, 'memkeep_app', { embedded: true, ...(told && { onInspected: told }) })
  onTestFinished(async () => {
    if (!pool.ending) await pool.end()
  })
  return pool
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error) => error,
  )

test('bigint is a number, bytea a Buffer, uuid[] strings; a number that would not be exact is an error', async () => {
  const pool = poolOf(database.app)
  const id = '01890a5d-ac96-774b-bcce-b302099a8057'
  const text = `select 9007199254740991::bigint as n, null::bigint as none, '\\x00ff'::bytea as b, array['${id}'::uuid] as ids`
  expect((await pool.query(text)).rows).toEqual([
    { n: 9007199254740991, none: null, b: Buffer.from([0, 255]), ids: [id] },
  ])
  const beyond = await failure(pool.query('select 9007199254740992::bigint as n'))
  expect(beyond).toBeInstanceOf(MemkeepError)
  expect(storeFailure(beyond)).toBe(beyond)
  // The parsers are this pool's alone.
  const plain = new pg.Pool(database.app)
  expect((await plain.query('select 1::bigint as n')).rows).toEqual([{ n: '1' }])
  await plain.end()
})

test('a server is inspected whole once, however many connections there are', async () => {
  const told = vi.fn()
  const pool = poolOf(database.app, told)
  await pool.query('select 1')
  const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  expect(told).toHaveBeenCalledTimes(1)
  for (const client of clients) client.release()
})

test('nothing is compiled for a call, whatever the database says', async () => {
  await database.query(`alter database ${database.name} set jit = on`)
  onTestFinished(async () => void (await database.query(`alter database ${database.name} reset jit`)))
  const plain = new pg.Client(database.app)
  await plain.connect()
  expect((await plain.query('show jit')).rows).toEqual([{ jit: 'on' }])
  await plain.end()
  expect((await poolOf(database.app).query('show jit')).rows).toEqual([{ jit: 'off' }])
})

test('connections that a burst needed are there for the next one, minutes later, and go in the end', async () => {
  const pool = poolOf(database.app)
  const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  for (const client of clients) client.release()
  vi.advanceTimersByTime(240_000)
  expect(pool.idleCount).toBe(3)
  vi.advanceTimersByTime(70_000)
  expect(pool.totalCount).toBe(0)
})

test('a program that does nothing else ends, whatever connections it left open', async () => {
  const source = new URL('../../src/store/connect.ts', import.meta.url).href
  const program = `import { openPool } from '${source}'
    const pool = openPool(${JSON.stringify(database.app)}, 'memkeep_app', { embedded: true })
    console.log((await pool.query('select 1 as one')).rows[0].one)`
  const args = ['--conditions=memkeep-src', '--disable-warning=ExperimentalWarning', '--input-type=module']
  // Well below the five minutes after which they would go by themselves.
  const { stdout } = await run(process.execPath, [...args, '--eval', program], { timeout: 60_000 })
  expect(stdout).toBe('1\n')
})

test('what is not fatal is told, and a server without the newest fixes is not fatal when it is accepted', async () => {
  const [row] = await database.query<{ old: boolean }>("select current_setting('server_version') = '18.4' as old")
  const told = vi.fn()
  const pool = openPool(database.app, 'memkeep_app', { embedded: false, acceptOldServer: true, onInspected: told })
  await pool.query('select 1')
  await pool.end()
  if (!row!.old) return
  expect(told.mock.calls[0]![0]).toMatchObject([{ code: 'server-old', fatal: false }])
  const strict = openPool(database.app, 'memkeep_app', { embedded: false })
  expect(await failure(strict.query('select 1'))).toMatchObject({
    code: 'ERR_STORE_UNSAFE',
    message: expect.stringContaining('server-old: PostgreSQL 18.4 '),
  })
  await strict.end()
})

test('an idle connection that the server ends is replaced without a word', async () => {
  const pool = poolOf({ ...database.app, max: 1 })
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  const removed = new Promise((resolve) => pool.once('remove', resolve))
  await database.query('select pg_terminate_backend($1)', [rows[0]!.pid])
  await removed
  expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
})

test('a connection that dies under its inspection is the driver’s error, and the pool goes on', async () => {
  const wire = await openWire(database.app)
  const pool = poolOf({ ...database.app, host: wire.host, port: wire.port, max: 1 })
  for (const text of ['pg_has_role', 'pg_init_privs']) {
    wire.cutAt(text)
    const lost = await failure(pool.query('select 1'))
    expect(lost).not.toBeInstanceOf(MemkeepError)
    expect(isConnectionLoss(lost)).toBe(true)
    expect(storeFailure(lost)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
  }
  wire.cutAt(null)
  expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
  await pool.end()
  await wire.close()
})

describe('a server that cannot be had is the driver’s own error', () => {
  test('nobody listens', async () => {
    const refused = await failure(poolOf({ ...database.app, host: '127.0.0.1', port: 1 }).query('select 1'))
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
    const noSocket = await failure(poolOf({ ...database.app, host: '/nonexistent' }).query('select 1'))
    expect(noSocket).toMatchObject({ code: 'ENOENT' })
    expect(storeFailure(noSocket)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
  })

  test('one that accepts and says nothing', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const pool = poolOf({ ...database.app, host: '127.0.0.1', port, connectionTimeoutMillis: 100 })
    const late = await failure(pool.query('select 1'))
    expect(late).not.toBeInstanceOf(MemkeepError)
    expect(storeFailure(late)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
    silent.close()
  })

  test('a wrong password', async () => {
    const refused = await failure(poolOf({ ...database.app, password: 'wrong' }).query('select 1'))
    expect(refused).toMatchObject({ code: '28P01' })
    expect(storeFailure(refused)).toMatchObject({ code: 'ERR_STORE_UNSAFE', retryable: false })
  })
})

describe('how a connection is protected', () => {
  const remote = { host: 'database.example', user: 'memkeep_app', database: 'x' }
  const url = 'postgres://memkeep_app@database.example/x'
  test.each<[string, pg.ClientConfig, ReturnType<typeof transportOf>]>([
    ['a Unix socket', { host: '/run/postgresql' }, 'loopback'],
    ['localhost', { host: 'localhost' }, 'loopback'],
    ['127.0.0.0/8', { host: '127.8.8.8' }, 'loopback'],
    ['::1', { host: '::1' }, 'loopback'],
    ['a name that begins like one', { host: '127.0.0.1.example' }, 'none'],
    ['no TLS', remote, 'none'],
    ['ssl: false', { ...remote, ssl: false }, 'none'],
    ['ssl: true', { ...remote, ssl: true }, 'verified'],
    ['ssl: {}', { ...remote, ssl: {} }, 'verified'],
    ['ssl that does not verify', { ...remote, ssl: { rejectUnauthorized: false } }, 'none'],
    ['a URL', { connectionString: url }, 'none'],
    ['a URL that overrides a safe host', { host: 'localhost', connectionString: url }, 'none'],
    ['sslmode=verify-full', { connectionString: `${url}?sslmode=verify-full` }, 'verified'],
    ['sslmode=no-verify', { connectionString: `${url}?sslmode=no-verify` }, 'none'],
    ['sslmode=disable', { connectionString: `${url}?sslmode=disable` }, 'none'],
  ])('%s', (_, settings, expected) => {
    expect(transportOf(settings)).toBe(expected)
  })

  test('verification that the environment turned off does not count, unless the settings ask for it', () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    expect(transportOf({ ...remote, ssl: true })).toBe('none')
    expect(transportOf({ ...remote, ssl: {} })).toBe('none')
    expect(transportOf({ ...remote, ssl: { rejectUnauthorized: true } })).toBe('verified')
  })

  test('a pool that would leave the machine without it is not made: not one byte is sent', async () => {
    expect(() => openPool(remote, 'memkeep_app', { embedded: false })).toThrow(/^refused .*tls-missing: /)
  })
})
