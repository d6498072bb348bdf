import { afterAll, beforeAll, expect, test } from 'vitest'
import { MemkeepError } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { dayMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

/** Counts what it does, and answers how often it was done. */
function counted() {
  const done = { times: 0 }
  const run = async () => `answer ${++done.times}`
  return { done, run }
}

test('the first answer comes again, in another process too, and the work is done once', async () => {
  const { done, run } = counted()
  const first = await store.memory().once('k1', 'asked', run)
  const elsewhere = await store.open()
  expect([
    first,
    await store.memory().once('k1', 'asked', run),
    await store.memory({}, elsewhere).once('k1', 'asked', run),
  ]).toEqual(['answer 1', 'answer 1', 'answer 1'])
  expect(done.times).toBe(1)
  expect(await codeOf(store.memory().once('k1', 'asked otherwise', run))).toBe('ERR_IDEMPOTENCY_MISMATCH')
})

test('a key is one of its principal with its powers, its subject and its tenant', async () => {
  const { done, run } = counted()
  const others = [
    {},
    { principal: 'another' },
    { roles: [] },
    { rights: ['mint'] as const },
    { actors: ['system'] as const },
    { agent: 'a' },
    { session: 'a' },
    { subject: 'bob' },
    { tenant: 'globex' },
  ]
  for (const asking of others) await store.memory(asking).once('k2', 'asked', run)
  await store.common().once('k2', 'asked', run)
  expect(done.times).toBe(10)
})

test('of eight at once one is done, and all get its answer', async () => {
  let times = 0
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 200))
    return `answer ${++times}`
  }
  const answers = await Promise.all(Array.from({ length: 8 }, () => store.memory().once('k3', 'asked', slow)))
  expect([new Set(answers), times]).toEqual([new Set(['answer 1']), 1])
})

test('what was refused may be asked again; what was broken off is not done twice within ten minutes', async () => {
  const refusing = async (): Promise<string> => {
    throw new MemkeepError('ERR_ACCESS_DENIED', 'no')
  }
  expect(await codeOf(store.memory().once('k4', 'asked', refusing))).toBe('ERR_ACCESS_DENIED')
  expect(await store.memory().once('k4', 'asked', async () => 'now')).toBe('now')
  const failing = async (): Promise<string> => {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the answer was lost', { retryable: true })
  }
  expect(await codeOf(store.memory().once('k5', 'asked', failing))).toBe('ERR_STORE_UNAVAILABLE')
  const { done, run } = counted()
  expect(await codeOf(store.memory().once('k5', 'asked', run))).toBe('ERR_VERSION_CONFLICT')
  expect(done.times).toBe(0)
  store.clock.advance(10 * 60_000)
  expect(await store.memory().once('k5', 'asked', run)).toBe('answer 1')
  // What has its answer keeps it for longer.
  expect(await store.memory().once('k4', 'asked', run)).toBe('now')
})

test('an answer lies sealed, for a day, and upkeep removes it', async () => {
  await store.memory().once('k6', 'asked', async () => 'a secret answer')
  const [row] = await store.database.query<{ text: string }>(
    "select string_agg(a::text, ' ') || ' ' || string_agg(encode(coalesce(a.answer, ''), 'escape'), ' ') as text from memkeep.answer a",
  )
  expect(row!.text).not.toMatch(/secret|k6|asked/)
  const { done, run } = counted()
  store.clock.advance(dayMs - 60_000)
  expect(await store.memory().once('k6', 'asked', run)).toBe('a secret answer')
  store.clock.advance(60_000)
  await store.memory().once('k6', 'asked', run)
  expect(done.times).toBe(1)
  store.clock.advance(dayMs + 1)
  await store.keep.runUpkeep()
  expect(await store.database.query('select from memkeep.answer')).toEqual([])
})

test('they go with an erasure', async () => {
  await store.memory({ subject: 'carl' }).add('a note', { actor: 'user' })
  await store.memory({ subject: 'carl' }).once('k7', 'asked', async () => 'an answer')
  await store.memory({ subject: 'dora' }).once('k7', 'asked', async () => 'an answer')
  const report = await finished(store, await store.keep.eraseSubject(adminOf('carl'), { reason: 'test' }))
  expect(report.stores.find(({ name }) => name === 'answer')).toEqual({ name: 'answer', deleted: 1, remaining: 0 })
  expect(await store.database.query('select from memkeep.answer')).toHaveLength(1)
})

test("an administrator's answers are kept with the tenant; one that makes the tenant is kept afterwards", async () => {
  const grant = (id: string) =>
    store.keep.privileged(
      mintGrant({ principal: { id, roles: [] }, rights: ['tenants', 'keys'], reason: 'x', ttlSeconds: 600 }),
    )
  const create = (id: string, tenant: string) =>
    grant(id).once(tenant, 'k8', 'create', async () => JSON.stringify(await grant(id).tenants.create(tenant)))
  const first = await create('root', 'initech')
  expect([first, await create('root', 'initech')]).toEqual([
    '{"tenant":"initech","created":true}',
    '{"tenant":"initech","created":true}',
  ])
  expect(await create('other', 'initech')).toContain('"created":false')
  const two = await Promise.all([create('root', 'umbrella'), create('root', 'umbrella')])
  expect(two[0]).toBe(two[1])
  expect(await codeOf(grant('root').once('initech', 'k8', 'another', async () => ''))).toBe('ERR_IDEMPOTENCY_MISMATCH')
})

test('an administrator who may do less is given no answer that he had with more', async () => {
  const { run } = counted()
  const given = (...rights: ('tenants' | 'keys')[]) =>
    store.keep
      .privileged(mintGrant({ principal: { id: 'root', roles: [] }, rights, reason: 'x', ttlSeconds: 600 }))
      .once('acme', 'k9', 'a key', run)
  const first = await given('tenants', 'keys')
  expect([await given('tenants'), await given('keys', 'tenants')]).toEqual(['answer 2', first])
})
