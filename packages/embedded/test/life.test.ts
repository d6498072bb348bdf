import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { embedded } from '../src/index.ts'
import { runningProcesses } from '../src/process-list.ts'
import { openElsewhere } from './open-elsewhere.ts'
import { query } from './query.ts'
import { postmaster, scratch, servers, supervisors, until } from './scratch.ts'

test('one server serves every opener, in this process and in others, and stops when all have let go', async () => {
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 1 })
  expect(engine.dir).toBe(layout.dir)
  const first = await engine.start()
  const pid = postmaster(layout)

  const second = await engine.start()
  const other = openElsewhere(layout)
  await other.opened
  expect(postmaster(layout)).toBe(pid)
  await until(() => supervisors(layout).length === 1)

  await first.release()
  await first.release()
  await other.release()
  // Held, although no client is connected and the idle time has passed.
  await sleep(2_500)
  expect(await query(second.admin, 'select 1 as one')).toEqual([{ one: 1 }])
  await second.release()
  await until(() => servers(layout).length === 0)
  await until(() => supervisors(layout).length === 0)
  expect(readFileSync(layout.log, 'utf8')).toContain('database system is shut down')
})

test('a connected client keeps the server up without an opener', async () => {
  const layout = scratch()
  const engine = await embedded({ dir: layout.dir, idleSeconds: 0.5 }).start()
  const slow = query(engine.admin, 'select pg_sleep(3) is null as slept')
  await sleep(100)
  await engine.release()
  expect(await slow).toEqual([{ slept: false }])
  await until(() => servers(layout).length === 0)
})

test('what was committed is there after a stop, under the same passwords', async () => {
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 0.3 })
  const first = await engine.start()
  await query(first.admin, 'create table kept as select 42 as answer')
  await first.release()
  await until(() => servers(layout).length === 0 && supervisors(layout).length === 0)
  const second = await engine.start()
  expect(second.admin).toEqual(first.admin)
  expect(await query(second.admin, 'select answer from kept')).toEqual([{ answer: 42 }])
  await second.release()
})

test('a program that forgets to let go can end', async () => {
  const layout = scratch()
  const opener = openElsewhere(layout)
  await opener.opened
  // Ends its only other reason to live; the engine is not released.
  opener.child.stdin?.end()
  await until(() => opener.child.exitCode === 0)
  await until(() => servers(layout).length === 0)
})

test('durable, private, quiet: the settings that the promises rest on', async () => {
  const layout = scratch()
  const engine = await embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  const wanted = {
    listen_addresses: '',
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    data_checksums: 'on',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    server_encoding: 'UTF8',
    jit: 'off',
    shared_buffers: '128MB',
    max_connections: '100',
    log_statement: 'none',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length_on_error: '0',
  }
  const names = Object.keys(wanted).map((name) => `current_setting('${name}') as ${name}`)
  expect(await query(engine.admin, `select ${names.join()}`)).toEqual([wanted])
  const locale = 'select datlocale, datlocprovider from pg_database where datname = current_database()'
  expect(await query(engine.admin, locale)).toEqual([{ datlocale: 'C.UTF-8', datlocprovider: 'b' }])
  const rules = 'select type, database, user_name, auth_method from pg_hba_file_rules'
  expect(await query(engine.admin, rules)).toEqual([
    { type: 'local', database: ['all'], user_name: ['all'], auth_method: 'scram-sha-256' },
  ])
  await engine.release()
})

test('the logins: a superuser, and two that the kernel makes', async () => {
  const layout = scratch()
  const engine = await embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  expect(engine.admin).toMatchObject({ user: 'memkeep_admin', database: 'memkeep', port: 5432 })
  expect(engine.app).toMatchObject({ user: 'memkeep_app', database: 'memkeep', host: engine.admin.host })
  expect(engine.upkeep).toMatchObject({ user: 'memkeep_upkeep', database: 'memkeep', host: engine.admin.host })
  const passwords = [engine.admin, engine.app, engine.upkeep].map(({ password }) => password)
  expect(new Set(passwords).size).toBe(3)

  const roles = await query(engine.admin, `select rolname from pg_roles where rolname !~ '^pg_'`)
  expect(roles).toEqual([{ rolname: 'memkeep_admin' }])
  await query(engine.admin, `create role memkeep_app login password '${engine.app.password}'`)
  expect(await query(engine.app, 'select current_user as me')).toEqual([{ me: 'memkeep_app' }])
  await expect(query({ ...engine.app, password: engine.upkeep.password }, 'select 1')).rejects.toThrow(/password/)
  await expect(query({ ...engine.app, database: 'postgres' }, 'select 1')).rejects.toThrow(/permission denied/)
  await engine.release()
})

test('secrets lie in one file that only its owner can read, and in no command line', async () => {
  const layout = scratch()
  const opening = embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  const seen = new Set<string>()
  let open = true
  const watching = (async () => {
    for (; open; await sleep(5)) for (const { args } of runningProcesses()) seen.add(args.join(' '))
  })()
  const engine = await opening
  open = false
  await watching
  expect([...seen].some((line) => line.includes('--pwfile='))).toBe(true)
  for (const { password } of [engine.admin, engine.app, engine.upkeep]) {
    expect([...seen].filter((line) => line.includes(password))).toEqual([])
    const holding = filesBelow(layout.dir).filter((file) => readFileSync(file).includes(password))
    expect(holding).toEqual([layout.secrets])
  }
  expect(statSync(layout.secrets).mode & 0o777).toBe(0o600)
  for (const dir of [layout.dir, layout.data, layout.socket]) expect(statSync(dir).mode & 0o777).toBe(0o700)
  expect(readdirSync(layout.dir).sort()).toEqual(['data', 'secrets.json', 'server.log', 'socket', 'supervisor.lock'])
  await engine.release()
})

function filesBelow(dir: string): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
