import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { amount, random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'
import { childSessions, type SequencingOrder } from './sequencing-child.ts'
import { expectWholeLogs } from './whole-log.ts'

// kill -9 of a process that writes and sequences, while another does the same. MEMKEEP_KILL_LOOPS is how often.

const loops = amount('MEMKEEP_KILL_LOOPS', 2)
const chance = random()
let store: TestKeep

beforeAll(async () => {
  console.log(`MEMKEEP_TEST_SEED=${seed} MEMKEEP_KILL_LOOPS=${loops}`)
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

/** A child that was killed some passes after it began. */
async function killed(): Promise<void> {
  const { app, upkeep } = store.database
  const order: SequencingOrder = { app, upkeep, keyDir: store.keyDir }
  const program = join(import.meta.dirname, 'sequencing-child.ts')
  const args = ['--disable-warning=ExperimentalWarning', '--conditions=memkeep-src', program, JSON.stringify(order)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [passes, errors] = [0, '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    passes += text.split('\n').length - 1
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = once(child, 'close')
  const least = 1 + Math.floor(chance() * 6)
  for (const end = Date.now() + 60_000; passes < least; await sleep(2)) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`the child came no further: ${errors}`)
  }
  await sleep(chance() * 20)
  child.kill('SIGKILL')
  const [, signal] = await ended
  expect(signal).toBe('SIGKILL')
}

/** The server may still end a statement of who was killed. Once it has, one pass gives everything its place. */
async function expectNothingWaits() {
  await childrenEnded()
  await store.keep.runUpkeep()
  const found = await expectWholeLogs(store.database)
  expect(found.waiting).toBe(0)
  return found
}

async function childrenEnded(): Promise<void> {
  const sql = 'select count(*)::int as n from pg_stat_activity where application_name = $1'
  for (const end = Date.now() + 60_000; ; await sleep(10)) {
    const [sessions] = await store.database.query<{ n: number }>(sql, [childSessions])
    if (sessions!.n === 0) return
    if (Date.now() > end) throw new Error('a session of a killed child does not end')
  }
}

test('no event is lost or has two places, whoever is killed when', { timeout: 7_200_000 }, async () => {
  let logged = 0
  for (let loop = 0; loop < loops; loop++) {
    let running = true
    const beside = (async () => {
      while (running) await store.keep.sequence()
    })()
    await Promise.all([killed(), killed()])
    running = false
    await beside
    const found = await expectNothingWaits()
    expect(found.logged).toBeGreaterThan(logged)
    logged = found.logged
  }
})
