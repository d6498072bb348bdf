import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { binaries } from '../src/binaries.ts'
import { embedded } from '../src/index.ts'
import type { Layout } from '../src/layout.ts'
import { runAsServer } from '../src/run-as-server.ts'
import { livePostmaster, serverName } from '../src/server-processes.ts'
import { serverUser } from '../src/server-user.ts'
import { stopServer } from '../src/stop-server.ts'
import { query } from './query.ts'
import { killAll, postmaster, scratch, servers, supervisors, until } from './scratch.ts'

test('a pid that a killed server left behind and another program was given fools nobody', async () => {
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 0.3 })
  await (await engine.start()).release()
  killAll([...supervisors(layout), ...servers(layout)])
  await until(() => servers(layout).length === 0)
  const stranger = bystander(layout)
  const file = join(layout.data, 'postmaster.pid')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(stranger.pid)))
  expect(postmaster(layout)).toBe(stranger.pid)

  // Bare PostgreSQL is fooled: it takes the bystander for a running server.
  const program = {
    program: join(binaries(serverUser(layout)), 'postgres'),
    directories: [layout.data],
    log: layout.log,
  }
  const bare = runAsServer({ ...program, args: (data = '') => ['-D', data] }, serverUser(layout))
  expect((await once(bare, 'exit'))[0]).toBe(1)
  expect(readFileSync(layout.log, 'utf8')).toContain('"postmaster.pid" already exists')

  expect(livePostmaster(layout, serverName(layout))).toBeNull()
  await stopServer(layout, serverName(layout))
  const held = await engine.start()
  expect(await query(held.admin, 'select 1 as one')).toEqual([{ one: 1 }])
  await held.release()
  await until(() => servers(layout).length === 0)
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
})

test('the server of a copied directory is not taken for the original', async () => {
  const original = scratch()
  const copy = scratch()
  const engine = embedded({ dir: original.dir, idleSeconds: 0.3 })
  await (await engine.start()).release()
  await until(() => servers(original).length === 0 && supervisors(original).length === 0)
  expect(spawnSync('cp', ['-a', original.dir, copy.dir]).status).toBe(0)
  const one = await engine.start()
  const other = await embedded({ dir: copy.dir, idleSeconds: 0.3 }).start()
  expect(postmaster(original)).not.toBe(postmaster(copy))
  expect(servers(original).filter((pid) => servers(copy).includes(pid))).toEqual([])
  await query(other.admin, 'create table only_here()')
  expect(await query(one.admin, `select to_regclass('only_here') as found`)).toEqual([{ found: null }])
  await stopServer(copy, serverName(copy))
  expect(await query(one.admin, 'select 1 as one')).toEqual([{ one: 1 }])
  await Promise.all([one.release(), other.release()])
})

/** A harmless program of the server's OS user: PostgreSQL overlooks pids of other users. */
function bystander(layout: Layout): ChildProcess {
  const { uid, gid } = statSync(layout.data)
  const asServer = process.getuid?.() === 0 ? { uid, gid } : {}
  const child = spawn('sleep', ['100'], { ...asServer, cwd: '/', stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
