import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { layoutOf } from '../src/layout.ts'
import { runningProcesses } from '../src/process-list.ts'
import { openElsewhere } from './open-elsewhere.ts'
import { query } from './query.ts'
import { postmaster, scratch, servers, supervisors, until } from './scratch.ts'

const asRoot = test.runIf(process.getuid?.() === 0)
const nobody = 65534

asRoot('root: the server runs as another user, below directories that this user cannot enter', async () => {
  const layout = scratch()
  const above = dirname(layout.dir)
  expect(statSync(above)).toMatchObject({ uid: 0, mode: 0o40700 })
  const opener = openElsewhere(layout)
  const { admin } = await opener.opened
  const { uid } = statSync(layout.data)
  expect(uid).not.toBe(0)
  const users = runningProcesses().filter(({ pid }) => servers(layout).includes(pid))
  expect(new Set(users.map((found) => found.uid))).toEqual(new Set([uid]))
  expect(statSync(layout.secrets).uid).toBe(0)
  expect(await query(admin, 'select 1 as one')).toEqual([{ one: 1 }])
  await opener.release()
})

asRoot('a normal user: everything belongs to it and runs as it, also without a home', async () => {
  const layout = scratch()
  chownSync(dirname(layout.dir), nobody, nobody)
  // Its copy of the binaries goes below the temporary directory, for want of a home.
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', TMPDIR: dirname(layout.dir) }
  const user = { uid: nobody, gid: nobody, cwd: '/', env }
  const opener = openElsewhere(layout, 0.5, user)
  const { admin } = await opener.opened
  const pid = postmaster(layout)
  const owners = [layout.dir, layout.data, layout.socket, layout.secrets, layout.log].map((path) => statSync(path).uid)
  expect(new Set(owners)).toEqual(new Set([nobody]))
  const mine = runningProcesses().filter((found) => [pid, ...supervisors(layout)].includes(found.pid))
  expect(mine.map(({ uid }) => uid)).toEqual([nobody, nobody])
  expect(await query(admin, `select current_setting('data_directory') as dir`)).toEqual([{ dir: layout.data }])
  const other = openElsewhere(layout, 0.5, user)
  expect(await other.opened).toMatchObject({ admin })
  expect(postmaster(layout)).toBe(pid)
  await opener.release()
  await other.release()
  await until(() => servers(layout).length === 0)
})

asRoot('a normal user cannot open what belongs to root', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'mke-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  mkdirSync(join(parent, 'keep'), { mode: 0o700 })
  const user = { uid: nobody, gid: nobody, cwd: '/', env: { PATH: process.env.PATH } }
  await expect(openElsewhere(layoutOf(join(parent, 'keep')), 1, user).opened).rejects.toThrow('ERR_STORE_UNAVAILABLE')
})
