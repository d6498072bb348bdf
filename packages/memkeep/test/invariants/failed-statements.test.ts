import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintGrant } from '../../src/trust.ts'
import { expectWholeLogs } from '../audit/whole-log.ts'
import { TestKeep } from '../support/test-keep.ts'
import { plantFaults, tablesOf } from './planted-faults.ts'

// Audit if and only if operation, of whole acts: the n-th statement that changes a row fails, for every n, and then the commit.
// Whatever fails, no byte of the database has changed; when nothing does, there is the act and its one event. Every doorway is in
// failed-doorways.test.ts.

let store: TestKeep
let failingAt: (n: number | null) => Promise<void>

beforeAll(async () => {
  store = await TestKeep.start()
  failingAt = await plantFaults(store.database)
})
afterAll(() => store[Symbol.asyncDispose]())

/** Every row of every table. */
async function everything(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const table of await tablesOf(store.database)) {
    const [row] = await store.database.query(
      `select count(*)::int as n, md5(string_agg(t::text, ',' order by t::text)) as rows from memkeep.${table} t`,
    )
    found[table] = row
  }
  return found
}

const grant = () =>
  mintGrant({
    principal: { id: 'operator', roles: [] },
    rights: ['tenants', 'keys'],
    reason: 'a test',
    ttlSeconds: 600,
  })
let number = 0

/** Each act by its name in the ledger. `ready` makes what it needs, without a fault. */
const acts: Record<string, { ready?: () => Promise<string>; act: (id: string) => Promise<unknown>; reads?: boolean }> =
  {
    'memory.add': {
      act: () => store.memory().add(`number ${++number}`, { actor: 'user', idempotencyKey: `key ${number}` }),
    },
    'memory.update': {
      ready: async () => (await store.memory().add('before', { actor: 'user' })).id,
      act: (id) => store.memory().update(id, { content: 'after' }, { actor: 'user' }),
    },
    'memory.delete': {
      ready: async () => (await store.memory().add('to go', { actor: 'user' })).id,
      act: (id) => store.memory().delete(id),
    },
    'memory.get': {
      ready: async () => (await store.memory().add('to read', { actor: 'user' })).id,
      act: (id) => store.memory().get(id),
      reads: true,
    },
    'memory.export': {
      act: () =>
        store
          .memory({ roles: ['export'] })
          .export()
          .next(),
      reads: true,
    },
    'tenant.create': { act: () => store.keep.privileged(grant()).tenants.create(`tenant ${++number}`) },
    'tenant.policy': {
      act: () => store.keep.privileged(grant()).tenants.setQuota('globex', { memories: 1000 + ++number }),
    },
    'key.create': {
      act: () =>
        store.keep
          .privileged(grant())
          .keys.create({ tenant: 'acme', subject: 'ana', principal: { id: 'k', roles: [] } }),
    },
    'audit.list': { act: () => store.memory({ rights: ['audit'] }).audit.list(), reads: true },
  }

const eventsOf = async (action: string) =>
  (
    (await store.database.query<{ n: number }>(
      "select count(*)::int as n from memkeep.event where action = $1 and outcome = 'ok'",
      [action],
    )) as [{ n: number }]
  )[0].n

test.each(Object.keys(acts))('%s', { timeout: 120_000 }, async (action) => {
  const { ready, act, reads } = acts[action]!
  await failingAt(null)
  // What the process asks for first (a policy, a subject's key) is an event of its own.
  await act((await ready?.()) ?? '').catch(() => {})
  const id = (await ready?.()) ?? ''
  let failed = 0
  for (let n = 1; ; n++) {
    const before = await everything()
    const events = await eventsOf(action)
    await failingAt(n)
    const done = await act(id).then(
      () => true,
      () => false,
    )
    await failingAt(null)
    if (done) {
      expect(await eventsOf(action)).toBe(events + 1)
      if (reads !== true) expect(await everything()).not.toEqual(before)
      break
    }
    failed++
    // A call of two steps may have made the first one, which is a read and its event.
    if (action === 'tenant.policy' || action === 'memory.update') expect(await eventsOf(action)).toBe(events)
    else expect(await everything(), `statement ${n}`).toEqual(before)
  }
  expect(failed).toBeGreaterThanOrEqual(reads === true ? 1 : 2)
  const again = (await ready?.()) ?? ''
  const events = await eventsOf(action)
  const before = await everything()
  await failingAt(-1)
  await expect(act(again)).rejects.toThrow()
  await failingAt(null)
  expect(await eventsOf(action)).toBe(events)
  if (!['tenant.policy', 'memory.update'].includes(action)) expect(await everything(), 'commit').toEqual(before)
})

test('sequencing: whichever statement fails, every event waits as before or has its one place', {
  timeout: 120_000,
}, async () => {
  await failingAt(null)
  await store.keep.runUpkeep()
  const ledger = async () => {
    const { event, pending, log, log_entry, log_tile, checkpoint, anchor } = await everything()
    return { event, pending, log, log_entry, log_tile, checkpoint, anchor }
  }
  for (const tenant of ['acme', 'globex']) await store.memory({ tenant }).add('waits', { actor: 'user' })
  const before = await ledger()
  let failed = 0
  for (let n = 1; ; n++) {
    await failingAt(n)
    const done = await store.keep.sequence().catch(() => null)
    if (done !== null) {
      expect(done).toBeGreaterThanOrEqual(2)
      break
    }
    failed++
    expect(await ledger(), `statement ${n}`).toEqual(before)
  }
  // Head, checkpoint, what waited, leaves: of both logs at once.
  expect(failed).toBeGreaterThanOrEqual(5)
  await failingAt(null)
  expect(await expectWholeLogs(store.database)).toMatchObject({ waiting: 0 })
})
