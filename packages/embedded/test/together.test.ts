import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { embedded } from '../src/index.ts'
import { openElsewhere } from './open-elsewhere.ts'
import { query } from './query.ts'
import { random } from './random.ts'
import { killAll, scratch, servers, supervisors, until } from './scratch.ts'

const identity = 'select pg_postmaster_start_time()::text as started, system_identifier::text from pg_control_system()'

test('six programs open one fresh directory at once and get one server', async () => {
  const layout = scratch()
  const openers = Array.from({ length: 6 }, () => openElsewhere(layout))
  const logins = await Promise.all(openers.map(({ opened }) => opened))
  const seen = await Promise.all(logins.map(async ({ admin }) => JSON.stringify(await query(admin, identity))))
  expect(new Set(seen).size).toBe(1)
  expect(new Set(logins.map((login) => JSON.stringify(login))).size).toBe(1)
  await until(() => supervisors(layout).length === 1)
  await Promise.all(openers.map((opener) => opener.release()))
  await until(() => servers(layout).length === 0)
})

test('five open at once while the one that was ahead is killed with its supervisor', async () => {
  const chance = random('kill the first of six openers')
  const layout = scratch()
  const ahead = openElsewhere(layout)
  await until(() => supervisors(layout).length === 1)
  const openers = Array.from({ length: 5 }, () => openElsewhere(layout))
  await sleep(chance(700))
  ahead.child.kill('SIGKILL')
  killAll(supervisors(layout))
  const logins = await Promise.all(openers.map(({ opened }) => opened))
  const seen = await Promise.all(logins.map(async ({ admin }) => JSON.stringify(await query(admin, identity))))
  expect(new Set(seen).size).toBe(1)
  await Promise.all(openers.map((opener) => opener.release()))
})

test('an opener never gets a server that is about to stop', async () => {
  const chance = random('open while the server stops')
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 0.1 })
  const starts = new Set<unknown>()
  for (let round = 0; round < 15; round++) {
    const held = await engine.start()
    const [row] = await query(held.admin, identity)
    starts.add(row?.started)
    await held.release()
    await sleep(60 + chance(120))
  }
  // Some openings met a running server and some a stopped or a stopping one; otherwise this test shows nothing.
  expect(starts.size).toBeGreaterThan(1)
  expect(starts.size).toBeLessThan(15)
})
