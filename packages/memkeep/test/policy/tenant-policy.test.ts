import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultPolicy, type Keep, type Policy } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const
const setPolicy = (tenant: string, policy: Policy | null) => store.privileged().tenants.setPolicy(tenant, policy)
let count = 0
async function tenant(): Promise<string> {
  const name = `tenant ${++count}`
  await store.createTenant(name)
  return name
}
const blind: Policy = { ...defaultPolicy, agent: { ...defaultPolicy.agent!, reads: ['public'] } }

test('a change goes for every keep from its commit on, warm as they may be, and goes back', async () => {
  const here = await tenant()
  const keeps = [store.keep, second]
  const writer = store.memory({ tenant: here })
  const { id } = await writer.add('private word', user)
  await writer.add('public word', { ...user, sensitivity: 'public' })
  const seen = async (keep: Keep) => {
    const memory = store.memory({ tenant: here }, keep)
    const found = (await memory.search('word')).memories.map(({ content }) => content).sort()
    expect((await memory.list()).items.map(({ content }) => content).sort()).toEqual(found)
    expect((await memory.get(id)) !== null).toBe(found.includes('private word'))
    return found
  }
  for (const keep of keeps) expect(await seen(keep)).toEqual(['private word', 'public word'])
  await setPolicy(here, blind)
  for (const keep of keeps) expect(await seen(keep)).toEqual(['public word'])
  await setPolicy(here, null)
  for (const keep of keeps) expect(await seen(keep)).toEqual(['private word', 'public word'])
  await setPolicy(here, {})
  for (const keep of keeps) expect(await codeOf(store.memory({ tenant: here }, keep).list())).toBe('ERR_ACCESS_DENIED')
})

test('writes obey it as reads do: rights, labels and authors', async () => {
  const here = await tenant()
  const there = store.memory({ tenant: here }, second)
  const { id } = await there.add('x', user)
  await setPolicy(here, {
    agent: { reads: ['public', 'private'], writes: ['public'], rights: ['read', 'write'], actors: ['tool'] },
  })
  expect(await codeOf(there.add('x', user))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(there.delete(id))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(there.update(id, { content: 'y' }, user))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(there.add('x', { actor: 'tool', sensitivity: 'public' }))).toBe('none')
})

test('a label that the role may not write is refused like anything else: returned and audited, never an error of the database', async () => {
  const here = await tenant()
  const memory = store.memory({ tenant: here })
  const { id } = await memory.add('x', { ...user, sensitivity: 'public' })
  await setPolicy(here, { agent: { ...defaultPolicy.agent!, writes: ['public'] } })
  expect(await codeOf(memory.add('x', { ...user, sensitivity: 'private' }))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(memory.update(id, { sensitivity: 'private' }, user))).toBe('ERR_ACCESS_DENIED')
  expect((await memory.list()).items.map(({ sensitivity }) => sensitivity)).toEqual(['public'])
  const events = await store.database.query<{ seen: string }>(
    "select action || ' ' || outcome as seen from memkeep.event where at_ms = $1 and outcome = 'denied' order by recorded_at desc limit 2",
    [store.clock.nowMs],
  )
  expect(events.map(({ seen }) => seen)).toEqual(['memory.update denied', 'memory.add denied'])
})

test('it goes for one tenant only', async () => {
  const [here, there] = [await tenant(), await tenant()]
  await setPolicy(here, {})
  expect(await codeOf(store.memory({ tenant: there }).add('x', user))).toBe('none')
  expect(await codeOf(store.memory({ tenant: here }).add('x', user))).toBe('ERR_ACCESS_DENIED')
})

test('the policy of the deployment is configured at opening', async () => {
  const here = await tenant()
  const keep = await store.open({
    policy: { clerk: { reads: ['public'], writes: ['public'], rights: ['read', 'write'], actors: ['user'] } },
  })
  const clerk = store.memory({ tenant: here, roles: ['clerk'] }, keep)
  expect(await codeOf(clerk.add('x', { ...user, sensitivity: 'public' }))).toBe('none')
  expect(await codeOf(store.memory({ tenant: here }, keep).list())).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(store.open({ policy: { clerk: {} } as never }))).toBe('ERR_INPUT_INVALID')
})

test('the change is audited, sealed, and refused without its right or for a tenant that is not', async () => {
  const here = await tenant()
  const secret = 'role-called-marker'
  await setPolicy(here, { [secret]: defaultPolicy.agent! })
  const events = await store.database.query<{ outcome: string }>(
    "select e.outcome from memkeep.event e join memkeep.tenant t using (tenant) where e.action = 'tenant.policy' and t.policy is not null and position($1 in t.policy) = 0",
    [Buffer.from(secret)],
  )
  expect(events.map(({ outcome }) => outcome)).toContain('ok')
  expect(await codeOf(setPolicy('nobody', {}))).toBe('ERR_TENANT_UNKNOWN')
  expect(await codeOf(setPolicy(here, { x: {} } as never))).toBe('ERR_INPUT_INVALID')
  const rights = ['authenticate'] as never
  const grant = () => mintGrant({ principal: { id: 'x', roles: [] }, rights, reason: 'x', ttlSeconds: 60 })
  expect(await codeOf(async () => store.keep.privileged(grant()).tenants.setPolicy(here, null))).toMatch(
    /^ERR_(ACCESS_DENIED|INPUT_INVALID)$/,
  )
})

test('changed while calls are under way: each call is served under one of the two', async () => {
  const here = await tenant()
  const memory = store.memory({ tenant: here }, second)
  await memory.add('private word', user)
  let changing = true
  const changes = (async () => {
    for (let n = 0; n < 6; n++) await setPolicy(here, n % 2 ? null : blind)
    changing = false
  })()
  const answers = new Set<number>()
  while (changing) {
    try {
      answers.add((await memory.search('word')).memories.length)
    } catch (error) {
      // A policy that changes faster than it can be asked for is said to be so.
      expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
    }
  }
  await changes
  expect([...answers].every((length) => length === 0 || length === 1)).toBe(true)
  expect((await memory.search('word')).memories).toHaveLength(1)
})
