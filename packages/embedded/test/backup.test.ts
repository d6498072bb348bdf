import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MemkeepError } from 'memkeep'
import { expect, test } from 'vitest'
import { backUpEmbedded, embedded, restoreEmbedded, stopEmbedded } from '../src/index.ts'
import { whileStopped } from '../src/while-stopped.ts'
import { query } from './query.ts'
import { killAll, postmaster, scratch, servers, supervisors, until } from './scratch.ts'

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'none',
    (error: unknown) => (error instanceof MemkeepError ? error.code : Promise.reject(error)),
  )

/** The server's process id; null while it has written none. */
function standing(layout: Parameters<typeof postmaster>[0]): number | null {
  try {
    return postmaster(layout)
  } catch {
    return null
  }
}

test('a backup of a server in use, restored elsewhere, holds what was committed, under the same passwords', async () => {
  const [layout, elsewhere] = [scratch(), scratch()]
  const backup = join(dirname(layout.dir), 'backup')
  const engine = await embedded({ dir: layout.dir, idleSeconds: 5 }).start()
  await query(engine.admin, 'create table kept as select n from generate_series(1, 5000) n')
  const before = postmaster(layout)
  await backUpEmbedded(layout.dir, backup)
  expect(readdirSync(backup).sort()).toEqual(['backup.json', 'data', 'secrets.json'])
  expect(statSync(backup).mode & 0o777).toBe(0o700)
  expect(statSync(join(backup, 'secrets.json')).mode & 0o777).toBe(0o600)
  // The server that was held is there again, by itself.
  await until(() => {
    const now = standing(layout)
    return now !== null && now !== before
  })
  let rows: unknown
  for (let tries = 0; rows === undefined && tries < 600; tries++) {
    rows = await query(engine.admin, 'select count(*)::integer as n from kept').catch(() => sleep(50))
  }
  expect(rows).toEqual([{ n: 5000 }])
  await engine.release()

  await restoreEmbedded(backup, elsewhere.dir)
  const restored = await embedded({ dir: elsewhere.dir, idleSeconds: 0.3 }).start()
  expect(restored.admin.password).toBe(engine.admin.password)
  expect(await query(restored.admin, 'select count(*)::integer as n from kept')).toEqual([{ n: 5000 }])
  await restored.release()
})

test('nothing is overwritten, and what is no backup is not restored', async () => {
  const [layout, elsewhere] = [scratch(), scratch()]
  const parent = dirname(layout.dir)
  expect(await codeOf(backUpEmbedded(layout.dir, join(parent, 'backup')))).toBe('ERR_STORE_UNAVAILABLE')
  await (await embedded({ dir: layout.dir, idleSeconds: 0.3 }).start()).release()
  mkdirSync(join(parent, 'taken'))
  writeFileSync(join(parent, 'taken', 'mine'), 'mine')
  for (const target of [join(parent, 'taken'), join(parent, 'taken', 'mine'), layout.dir, join(layout.dir, 'inside')]) {
    expect(await codeOf(backUpEmbedded(layout.dir, target))).toBe('ERR_INPUT_INVALID')
  }
  const backup = join(parent, 'backup')
  await backUpEmbedded(layout.dir, backup)
  expect(await codeOf(restoreEmbedded(backup, layout.dir))).toBe('ERR_INPUT_INVALID')
  expect(await codeOf(restoreEmbedded(layout.dir, elsewhere.dir))).toBe('ERR_INPUT_INVALID')
  expect(await codeOf(restoreEmbedded(join(parent, 'nowhere'), elsewhere.dir))).toBe('ERR_INPUT_INVALID')
  writeFileSync(join(backup, 'backup.json'), readFileSync(join(backup, 'backup.json'), 'utf8').replace('"18"', '"17"'))
  expect(await codeOf(restoreEmbedded(backup, elsewhere.dir))).toBe('ERR_STORE_VERSION')
  expect(existsSync(elsewhere.dir)).toBe(false)
  expect(readFileSync(join(parent, 'taken', 'mine'), 'utf8')).toBe('mine')
})

test('a copy that fails half-way leaves nothing behind', async () => {
  const layout = scratch()
  await (await embedded({ dir: layout.dir, idleSeconds: 0.3 }).start()).release()
  symlinkSync('/', join(layout.data, 'pg_tblspc', '1'))
  const before = readdirSync(dirname(layout.dir)).sort()
  expect(await codeOf(backUpEmbedded(layout.dir, join(dirname(layout.dir), 'backup')))).toBe('ERR_STORE_UNAVAILABLE')
  expect(readdirSync(dirname(layout.dir)).sort()).toEqual(before)
  rmSync(join(layout.data, 'pg_tblspc', '1'))
})

test('while it is stopped nobody starts it, whoever waits for it', async () => {
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 0.3 })
  await (await engine.start()).release()
  let opening: ReturnType<typeof engine.start> | undefined
  await whileStopped(layout, async () => {
    opening = engine.start()
    await sleep(1_500)
    expect(servers(layout)).toEqual([])
  })
  const held = await opening!
  expect(await query(held.admin, 'select 1 as one')).toEqual([{ one: 1 }])
  await held.release()
})

test('stop: cleanly, also when the supervisor was killed, and again when there is nothing to stop', async () => {
  const layout = scratch()
  expect(await codeOf(stopEmbedded(layout.dir))).toBe('ERR_STORE_UNAVAILABLE')
  await (await embedded({ dir: layout.dir, idleSeconds: 60 }).start()).release()
  await stopEmbedded(layout.dir)
  expect(servers(layout)).toEqual([])
  await until(() => supervisors(layout).length === 0)
  await (await embedded({ dir: layout.dir, idleSeconds: 60 }).start()).release()
  killAll(supervisors(layout))
  await stopEmbedded(layout.dir)
  expect(servers(layout)).toEqual([])
  await stopEmbedded(layout.dir)
  expect(readFileSync(layout.log, 'utf8').match(/database system is shut down/g)).toHaveLength(2)
})
