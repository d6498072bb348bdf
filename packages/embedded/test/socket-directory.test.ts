import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { embedded } from '../src/index.ts'
import { type Layout, layoutOf } from '../src/layout.ts'
import { runningProcesses } from '../src/process-list.ts'
import { ensureSocketDirectory, findSocketDirectory, socketFile } from '../src/socket-directory.ts'
import { query } from './query.ts'
import { postmaster, scratch, servers, stopAll, supervisors, until } from './scratch.ts'

/** A directory whose own socket would have a path of more than 107 bytes. */
function deepScratch(): Layout {
  const layout = layoutOf(join(scratch().dir, 'deep-'.repeat(20)))
  onTestFinished(() => stopAll(layout))
  return layout
}

test('a path too long for a socket gets a short private directory, which goes when the server stops', async () => {
  const layout = deepScratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 0.3 })
  const held = await engine.start()
  const { host } = held.admin
  expect(host).toBe(readlinkSync(layout.socket))
  expect(Buffer.byteLength(socketFile(host))).toBeLessThanOrEqual(103)
  expect(host.startsWith(tmpdir())).toBe(true)
  expect(statSync(host).mode & 0o777).toBe(0o700)
  expect(statSync(host).uid).toBe(statSync(layout.data).uid)
  const other = await engine.start()
  expect(other.admin).toEqual(held.admin)
  await held.release()
  await other.release()
  await until(() => servers(layout).length === 0 && supervisors(layout).length === 0)
  expect(existsSync(host)).toBe(false)
  await (await engine.start()).release()
})

test('a path of just the allowed length is used itself', () => {
  const layout = layoutOf(join(tmpdir(), 'x'.repeat(103 - tmpdir().length - '//socket/.s.PGSQL.5432'.length)))
  onTestFinished(() => rmSync(layout.dir, { recursive: true, force: true }))
  mkdirSync(layout.data, { recursive: true, mode: 0o700 })
  expect(Buffer.byteLength(socketFile(layout.socket))).toBe(103)
  expect(ensureSocketDirectory(layout, null)).toBe(layout.socket)
  const longer = layoutOf(`${layout.dir}x`)
  onTestFinished(() => rmSync(longer.dir, { recursive: true, force: true }))
  mkdirSync(longer.data, { recursive: true, mode: 0o700 })
  const short = ensureSocketDirectory(longer, null)
  onTestFinished(() => rmSync(short, { recursive: true }))
  expect(lstatSync(longer.socket).isSymbolicLink()).toBe(true)
  expect(short).not.toBe(longer.socket)
})

test('a socket directory that others may enter, or that is not a directory, is not connected to', () => {
  const layout = scratch()
  mkdirSync(layout.data, { recursive: true, mode: 0o700 })
  const made = ensureSocketDirectory(layout, null)
  expect(findSocketDirectory(layout)).toBe(made)
  chmodSync(made, 0o750)
  expect(findSocketDirectory(layout)).toBeNull()
  expect(ensureSocketDirectory(layout, null)).toBe(layout.socket)
  rmSync(layout.socket, { recursive: true })
  const elsewhere = join(layout.dir, 'elsewhere')
  mkdirSync(elsewhere, { mode: 0o700 })
  symlinkSync(elsewhere, join(layout.dir, 'link'))
  symlinkSync(join(layout.dir, 'link'), layout.socket)
  expect(realpathSync(layout.socket)).toBe(realpathSync(elsewhere))
  expect(findSocketDirectory(layout)).toBeNull()
})

test.runIf(process.getuid?.() === 0)('a socket directory that another user put there is not connected to', () => {
  const layout = scratch()
  mkdirSync(layout.data, { recursive: true, mode: 0o700 })
  const made = ensureSocketDirectory(layout, null)
  chownSync(made, 65534, 65534)
  expect(findSocketDirectory(layout)).toBeNull()
  expect(ensureSocketDirectory(layout, null)).toBe(made)
  expect(statSync(made).uid).toBe(0)
})

test('a running server whose socket was removed is replaced by one that can be reached', async () => {
  const layout = deepScratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 1 })
  const held = await engine.start()
  await query(held.admin, 'create table kept as select 42 as answer')
  const pid = postmaster(layout)
  rmSync(held.admin.host, { recursive: true })
  const again = await engine.start()
  expect(postmaster(layout)).not.toBe(pid)
  expect(servers(layout)).not.toContain(pid)
  expect(await query(again.admin, 'select answer from kept')).toEqual([{ answer: 42 }])
  await held.release()
  await again.release()
})

test('a directory that is removed under a running server takes the server with it, and is not made anew', async () => {
  const layout = scratch()
  const held = await embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  const running = servers(layout)
  // Again and again, because the server still writes into it.
  await until(() => spawnSync('rm', ['-rf', layout.dir]).status === 0)
  const alive = () => running.filter((pid) => isAlive(pid))
  await until(() => alive().length === 0)
  await until(() => supervisors(layout).length === 0)
  expect(existsSync(layout.dir)).toBe(false)
  await held.release()
})

function isAlive(pid: number): boolean {
  return runningProcesses().some((found) => found.pid === pid)
}
