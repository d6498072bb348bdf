import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { layoutOf } from '../../../embedded/src/layout.ts'
import { serverName, serverProcesses } from '../../../embedded/src/server-processes.ts'
import { detailContext } from '../../src/audit/detail.ts'
import { directoryColdTier } from '../../src/audit/drivers/directory-cold-tier.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { codeOf } from '../support/code-of.ts'
import { keysAt } from '../support/keys-at.ts'
import { type PrivateEngine, privateEngine } from '../support/private-engine.ts'
import { TestKeep } from '../support/test-keep.ts'

// What a crash of the database server takes: with the process stopped that would write the log a moment later, so that it is
// certain and not a matter of milliseconds.

let engine: PrivateEngine
let store: TestKeep
beforeAll(async () => {
  engine = await privateEngine()
  // Whoever puts events into the log commits durably, and carries along what came before.
  store = await TestKeep.start({ audit: { mergeDelaySeconds: 3600 } }, await engine.database('relaxed'))
})
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  await engine?.stop()
})

/** Stops the log's own writer, works, and ends every process of the server at once. */
async function crashAfter<T>(work: () => Promise<T>): Promise<T> {
  const [writer] = await store.database.query<{ pid: number }>(
    "select pid from pg_stat_activity where backend_type = 'walwriter'",
  )
  process.kill(writer!.pid, 'SIGSTOP')
  const result = await work()
  for (const pid of serverProcesses(serverName(layoutOf(engine.dir)))) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  // The engine notices, and starts it again.
  const restarted = await engine.engine.start()
  await restarted.release()
  return result
}

const events = async (action: string): Promise<number> => {
  const [row] = await store.database.query<{ n: number }>(
    'select count(*)::integer as n from memkeep.event where action = $1',
    [action],
  )
  return row!.n
}

test('a crash takes the event of a read that was answered, when reads are relaxed', { timeout: 60_000 }, async () => {
  const keep = await store.open({ audit: { reads: 'relaxed' } })
  const { id } = await store.memory().add('window seats', { actor: 'user' })
  // A first read notes what its session was shown, which is a write, and carries the read along.
  await store.memory({}, keep).get(id)
  const before = await events('memory.get')
  const found = await crashAfter(() => store.memory({}, keep).get(id))
  expect(found?.content).toBe('window seats')
  expect(await events('memory.get')).toBe(before)
})

test('and none of a durable read, nor of a write after relaxed reads, which carries them along', {
  timeout: 60_000,
}, async () => {
  const keep = await store.open({ audit: { reads: 'relaxed' } })
  const { id } = await store.memory().add('aisle seats', { actor: 'user' })
  const before = await events('memory.get')
  await crashAfter(() => store.memory().get(id))
  expect(await events('memory.get')).toBe(before + 1)
  const written = await crashAfter(async () => {
    await store.memory({}, keep).get(id)
    return store.memory({}, keep).add('middle seats', { actor: 'user' })
  })
  expect(await events('memory.get')).toBe(before + 2)
  expect((await store.memory().get(written.id))?.content).toBe('middle seats')
})

test('the ledger says under which setting a process serves', async () => {
  const { keys, keyStore } = keysAt(store.keyDir)
  const ring = new Keyring({ provider: keys, store: keyStore, clock: store.clock, reach: () => {} })
  const own = await (await ring.deployment()).own()
  const coldTier = directoryColdTier({ dir: join(store.keyDir, 'cold') })
  for (const [audit, says] of [
    [
      { reads: 'relaxed', mergeDelaySeconds: 30 },
      { reads: 'relaxed', mergeDelaySeconds: 30, keepReadsDays: null },
    ],
    [
      { keepReadsDays: 90, coldTier },
      { reads: 'durable', mergeDelaySeconds: 5, keepReadsDays: 90 },
    ],
  ] as const) {
    await store.open({ audit })
    const [event] = await store.database.query<{ id: string; detail: Buffer }>(
      "select id, detail from memkeep.event where action = 'deployment.policy' order by recorded_at desc limit 1",
    )
    const detail = own.open('audit', event!.detail.subarray(5), detailContext(event!.id))
    expect(JSON.parse(detail.toString('utf8'))).toMatchObject(says)
  }
  ring.close()
})

test('a misspelt setting is refused', async () => {
  for (const audit of [{ reads: 'quick' }, { writes: 'relaxed' }, { reads: null }])
    expect(await codeOf(store.open({ audit: audit as object }))).toBe('ERR_INPUT_INVALID')
})
