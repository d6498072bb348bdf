import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { embedded } from '../src/index.ts'
import { readPostmaster } from '../src/server-processes.ts'
import { openElsewhere } from './open-elsewhere.ts'
import { query } from './query.ts'
import { random } from './random.ts'
import { killAll, postmaster, scratch, servers, supervisors, until } from './scratch.ts'

test('kill -9 of the program: the server stops by itself', async () => {
  const layout = scratch()
  const opener = openElsewhere(layout)
  await opener.opened
  opener.child.kill('SIGKILL')
  await until(() => servers(layout).length === 0 && supervisors(layout).length === 0)
})

test('kill -9 of the supervisor: the next opener adopts the server and gives it a new supervisor', async () => {
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 1 })
  const first = await engine.start()
  const pid = postmaster(layout)
  const killed = supervisors(layout)
  killAll(killed)
  const second = await engine.start()
  expect(postmaster(layout)).toBe(pid)
  // A process that was just started may not show its command line yet.
  await until(() => supervisors(layout).length === 1)
  expect(supervisors(layout)).not.toEqual(killed)
  await first.release()
  await second.release()
  await until(() => servers(layout).length === 0)
})

test('kill -9 of the supervisor: who holds the server gives it a new one, so that it stops at last', async () => {
  const layout = scratch()
  const held = await embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  const killed = supervisors(layout)
  killAll(killed)
  await until(() => supervisors(layout).some((pid) => !killed.includes(pid)))
  await held.release()
  await until(() => servers(layout).length === 0)
})

test('kill -9 of the supervisor: who lets go of the server at once leaves it a new one', async () => {
  const layout = scratch()
  const opener = openElsewhere(layout)
  await opener.opened
  killAll(supervisors(layout))
  await sleep(100)
  await opener.release()
  await until(() => servers(layout).length === 0)
})

test('kill -9 of the postmaster: a held server comes back with everything that was committed', async () => {
  const layout = scratch()
  const held = await embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  await query(held.admin, 'create table kept as select 42 as answer')
  const pid = postmaster(layout)
  killAll([pid])
  await until(() => (readPostmaster(layout)?.pid ?? pid) !== pid && readPostmaster(layout)?.ready === true)
  expect(await query(held.admin, 'select answer from kept')).toEqual([{ answer: 42 }])
  await held.release()
  await until(() => servers(layout).length === 0)
})

test('kill -9 of a backend: the server recovers and keeps its supervisor', async () => {
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 1 })
  const held = await engine.start()
  const pid = postmaster(layout)
  const supervisor = supervisors(layout)
  const victim = new Client({ ...held.admin })
  const lost = once(victim, 'error')
  await victim.connect()
  const { rows } = await victim.query('select pg_backend_pid() as pid')
  killAll([rows[0].pid])
  await lost
  // Until it has noticed, PostgreSQL lets clients in, and cuts them off a moment later.
  await until(() => readFileSync(layout.log, 'utf8').includes('reinitializing'))
  const again = await engine.start()
  expect(await query(again.admin, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(postmaster(layout)).toBe(pid)
  await until(() => supervisors(layout).length === 1)
  expect(supervisors(layout)).toEqual(supervisor)
  await held.release()
  await again.release()
  await until(() => servers(layout).length === 0)
})

test('a backend that outlives a killed postmaster is ended before another server starts', async () => {
  const layout = scratch()
  const engine = embedded({ dir: layout.dir, idleSeconds: 1 })
  const opener = openElsewhere(layout)
  const { admin } = await opener.opened
  const busy = new Client({ ...admin })
  busy.on('error', () => {})
  await busy.connect()
  const { rows } = await busy.query('select pg_backend_pid() as pid')
  // Never waits, so it does not notice that its postmaster is gone.
  busy.query('do $$ declare x int := 0; begin loop x := (x + 1) % 1000; end loop; end $$').catch(() => {})
  await sleep(300)
  opener.child.kill('SIGKILL')
  killAll([...supervisors(layout), postmaster(layout)])
  await sleep(500)
  expect(servers(layout)).toEqual([rows[0].pid])
  const held = await engine.start()
  expect(servers(layout)).not.toContain(rows[0].pid)
  await held.release()
})

test('kill -9 of everything at once, at any moment of the first start: the next open works', async () => {
  const chance = random('kill everything during the first start')
  for (let round = 0; round < 5; round++) {
    const layout = scratch()
    const moment = chance(1_600)
    const opener = openElsewhere(layout)
    await sleep(moment)
    opener.child.kill('SIGKILL')
    killAll([...supervisors(layout), ...servers(layout)])
    const held = await embedded({ dir: layout.dir, idleSeconds: 0.3 }).start()
    expect(await query(held.admin, 'select 1 as one'), `after ${moment} ms`).toEqual([{ one: 1 }])
    await held.release()
    await until(() => servers(layout).length === 0)
  }
})

test('kill -9 of the supervisor alone, at any moment of the first start: the same open still works', async () => {
  const chance = random('kill the supervisor during the first start')
  for (let round = 0; round < 4; round++) {
    const layout = scratch()
    const opening = embedded({ dir: layout.dir, idleSeconds: 0.3 }).start()
    await sleep(chance(1_400))
    killAll(supervisors(layout))
    const held = await opening
    expect(await query(held.admin, 'select 1 as one')).toEqual([{ one: 1 }])
    await held.release()
    await until(() => servers(layout).length === 0, 20_000)
  }
})

test('a half-made first cluster is not taken for a whole one, and is cleared away', async () => {
  const layout = scratch()
  const opener = openElsewhere(layout)
  await until(() => supervisors(layout).length === 1)
  opener.child.kill('SIGKILL')
  await until(() => supervisors(layout).length === 0 || servers(layout).length > 0)
  writeFileSync(join(layout.dir, 'new-left'), 'what a killed start left behind')
  const held = await embedded({ dir: layout.dir, idleSeconds: 0.3 }).start()
  expect(await query(held.admin, 'select 1 as one')).toEqual([{ one: 1 }])
  await held.release()
})
