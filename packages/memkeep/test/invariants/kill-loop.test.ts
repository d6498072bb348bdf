import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { layoutOf } from '../../../embedded/src/layout.ts'
import { serverName, serverProcesses } from '../../../embedded/src/server-processes.ts'
import type { KillPoint } from '../../src/core/seams.ts'
import { type PrivateEngine, privateEngine } from '../support/private-engine.ts'
import { amount, random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'
import { KilledChild } from './killed-child.ts'
import { expectAccounted, expectAcknowledged, expectConsistent } from './whole-store.ts'
import type { Acknowledged } from './writing-child.ts'

// kill -9 of a writing process and of the server, at chosen and at random moments. MEMKEEP_KILL_LOOPS is how often each: with 125 it is
// more than a thousand times in all.

const loops = amount('MEMKEEP_KILL_LOOPS', 3)
const timeout = 600_000 + loops * 30_000
const chance = random()
let engine: PrivateEngine
let store: TestKeep
let subjects = 0

beforeAll(async () => {
  console.log(`kill -9: MEMKEEP_TEST_SEED=${seed} MEMKEEP_KILL_LOOPS=${loops}`)
  engine = await privateEngine()
  store = await TestKeep.start({}, await engine.database('killed'))
})
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  await engine?.stop()
})

function child(subject: string, dieAt?: { point: KillPoint; time: number }): KilledChild {
  const [database, keyDir] = [store.database.app, store.keyDir]
  const order = { database, keyDir, tenant: 'acme', subject, seed: Math.floor(chance() * 2 ** 31) }
  return new KilledChild({ ...order, ...(dieAt === undefined ? {} : { dieAt }) })
}

async function expectWhole(subject: string, acknowledged: readonly Acknowledged[], serverDied = false): Promise<void> {
  await expectAcknowledged(store.memory({ subject }), acknowledged)
  await expectAccounted(store.database, acknowledged, serverDied)
  await expectConsistent(store.database)
}

test('the child killed at random moments, several times over one subject', { timeout }, async () => {
  const subject = `subject ${++subjects}`
  const acknowledged: Acknowledged[] = []
  for (let loop = 0; loop < loops; loop++) {
    const writing = child(subject)
    await writing.reached(2 + Math.floor(chance() * 20))
    await sleep(chance() * 15)
    writing.kill()
    await writing.died()
    acknowledged.push(...writing.acknowledged)
    await expectWhole(subject, acknowledged)
  }
  expect(acknowledged.length).toBeGreaterThan(loops)
})

test.each(['keys.subject-created', 'memory.sealed', 'memory.acknowledged'] as const)(
  'the child killed at %s',
  { timeout },
  async (point) => {
    const subject = `subject ${++subjects}`
    const once = point === 'keys.subject-created'
    const acknowledged: Acknowledged[] = []
    for (let loop = 0; loop < (once ? 1 : loops); loop++) {
      const dying = child(subject, { point, time: once ? 1 : 1 + Math.floor(chance() * 6) })
      await dying.died()
      const next = child(subject)
      await next.reached(3)
      next.kill()
      await next.died()
      acknowledged.push(...dying.acknowledged, ...next.acknowledged)
      await expectWhole(subject, acknowledged)
    }
  },
)

test('the server killed under writers: they go on, and nothing acknowledged is lost or doubled', {
  timeout,
}, async () => {
  const name = serverName(layoutOf(engine.dir))
  for (let loop = 0; loop < loops; loop++) {
    const names = [`subject ${++subjects}`, `subject ${++subjects}`]
    const writing = names.map((subject) => child(subject))
    await Promise.all(writing.map((each) => each.reached(3)))
    await sleep(chance() * 50)
    const before = writing.map((each) => each.acknowledged.length)
    for (const pid of serverProcesses(name)) killIfThere(pid)
    await Promise.all(writing.map((each, index) => each.reached(before[index]! + 4)))
    for (const each of writing) each.kill()
    for (const [index, each] of writing.entries()) {
      await each.died()
      await expectWhole(names[index]!, each.acknowledged, true)
    }
  }
})

/** A backend may have ended since it was listed. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
