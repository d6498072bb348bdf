import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultPolicy, type Keep, type Quota } from '../../src/index.ts'
import { codeOf, codesOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

let said = 0
/** What is said again is not stored again. */
const another = (): string => `${++said}`
const user = { actor: 'user' } as const
const over = 'ERR_QUOTA_EXCEEDED'
const setQuota = (tenant: string, quota: Quota | null) => store.privileged().tenants.setQuota(tenant, quota)
let count = 0
async function tenant(quota: Quota | null = null): Promise<string> {
  const name = `tenant ${++count}`
  await store.createTenant(name)
  if (quota !== null) await setQuota(name, quota)
  return name
}
const some = (number: number) => Array.from({ length: number }, () => ({ content: another(), ...user }))

describe('of memories', () => {
  test('counts over every subject and the common shelf, on every keep, and deleting makes room', async () => {
    const here = await tenant({ memories: 4 })
    const ana = store.memory({ tenant: here, subject: 'ana' })
    const ben = store.memory({ tenant: here, subject: 'ben' }, second)
    const [first] = await ana.addMany(some(2))
    await ben.add(another(), user)
    await store.common({ tenant: here, roles: ['admin'] }).add(another(), user)
    expect(await codesOf([ana.add(another(), user), ben.add(another(), user)])).toEqual([over, over])
    expect(await codeOf(store.common({ tenant: here, roles: ['admin'] }, second).add(another(), user))).toBe(over)
    expect(await codeOf(store.memory({ tenant: here, subject: 'new' }).add(another(), user))).toBe(over)
    // Her own two and the common one.
    expect((await ana.list()).items).toHaveLength(3)
    await ana.delete(first!.id)
    expect(await codeOf(ben.addMany(some(2)))).toBe(over)
    expect(await codeOf(ben.add(another(), user))).toBe('none')
    expect(await codeOf(ana.update((await ana.list()).items.at(-1)!.id, { content: 'y' }, user))).toBe('none')
  })

  test('what expired counts until it is swept', async () => {
    const here = await tenant({ memories: 1 })
    const memory = store.memory({ tenant: here })
    await memory.add('x', { ...user, expiresAt: new Date(store.clock.nowMs + 1000) })
    store.clock.nowMs += 2000
    expect(await codeOf(memory.add(another(), user))).toBe(over)
    await store.keep.runUpkeep()
    expect(await codeOf(memory.add(another(), user))).toBe('none')
  })

  test('a call that is repeated under its idempotency key is answered at the limit too', async () => {
    const here = await tenant({ memories: 1 })
    const memory = store.memory({ tenant: here })
    const once = { ...user, idempotencyKey: 'k' }
    const first = await memory.add('x', once)
    expect(await memory.add('x', once)).toEqual(first)
    expect(await codeOf(memory.add('x', { ...user, idempotencyKey: 'other' }))).toBe(over)
  })

  test('writers of one subject at once never pass it', async () => {
    const here = await tenant({ memories: 5 })
    const calls = Array.from({ length: 12 }, (_, n) =>
      store.memory({ tenant: here }, n % 2 ? store.keep : second).add(another(), user),
    )
    const codes = await codesOf(calls)
    expect(codes.filter((code) => code === 'none')).toHaveLength(5)
    expect(new Set(codes)).toEqual(new Set(['none', over]))
  })

  test('writers of several subjects at once pass it at most by what was under way, and none after that', async () => {
    const here = await tenant({ memories: 5 })
    const calls = Array.from({ length: 12 }, (_, n) =>
      store.memory({ tenant: here, subject: `s${n}` }, n % 2 ? store.keep : second).add(another(), user),
    )
    const stored = (await codesOf(calls)).filter((code) => code === 'none').length
    expect(stored).toBeGreaterThanOrEqual(5)
    expect(stored).toBeLessThan(5 + 10)
    expect(await codeOf(store.memory({ tenant: here, subject: 's0' }).add(another(), user))).toBe(over)
  })
})

describe('of bytes', () => {
  test('is of what is sealed: an add and an update that grows are refused, a smaller one passes', async () => {
    const here = await tenant({ bytes: 20_000 })
    const memory = store.memory({ tenant: here })
    const { id } = await memory.add('x'.repeat(15_000), user)
    expect(await codeOf(memory.add('y'.repeat(6_000), user))).toBe(over)
    expect(await codeOf(memory.update(id, { content: 'y'.repeat(6_000) }, user))).toBe(over)
    expect((await memory.get(id))?.version).toBe(1)
    expect(await codeOf(memory.add(another(), user))).toBe('none')
    // Beyond the quota a memory of many words, made one of a few, gives its index back.
    const words = Array.from({ length: 900 }, (_, n) => `word${n}`).join(' ')
    await setQuota(here, null)
    const wordy = await memory.add(words, user)
    await setQuota(here, { bytes: 20_000 })
    expect(await codeOf(memory.add(another(), user))).toBe(over)
    expect(await codeOf(memory.update(wordy.id, { content: 'brief' }, user))).toBe('none')
    expect(await codeOf(memory.update(wordy.id, { content: `brief ${words}` }, user))).toBe(over)
  })
})

describe('its two places', () => {
  test('the deployment’s goes for every tenant without one of its own, whose own replaces it as a whole', async () => {
    const keep = await store.open({ limits: { tenantMemories: 2, tenantBytes: 100_000 } })
    const [plain, more, free] = [await tenant(), await tenant({ memories: 3 }), await tenant({})]
    const adds = (name: string, number: number) => codeOf(store.memory({ tenant: name }, keep).addMany(some(number)))
    expect(await adds(plain, 3)).toBe(over)
    expect(await adds(plain, 2)).toBe('none')
    expect(await adds(more, 4)).toBe(over)
    expect(await adds(more, 3)).toBe('none')
    expect(await adds(free, 100)).toBe('none')
    await setQuota(more, null)
    expect(await adds(more, 1)).toBe(over)
    // A keep without limits knows of none but the tenants' own.
    expect(await codeOf(store.memory({ tenant: plain }).add(another(), user))).toBe('none')
  })

  test('is read back; it and the policy stay when the other is set', async () => {
    const here = await tenant()
    const { tenants } = store.privileged()
    expect(await tenants.quota(here)).toBeNull()
    await tenants.setQuota(here, { memories: 7, bytes: 9 })
    await tenants.setPolicy(here, { agent: { ...defaultPolicy.agent!, reads: [] } })
    expect(await tenants.quota(here)).toEqual({ memories: 7, bytes: 9 })
    const read = () => codeOf(async () => (await store.memory({ tenant: here }).list()).items)
    await tenants.setPolicy(here, {})
    expect(await read()).toBe('ERR_ACCESS_DENIED')
    await tenants.setQuota(here, null)
    expect(await tenants.quota(here)).toBeNull()
    expect(await read()).toBe('ERR_ACCESS_DENIED')
    await tenants.setPolicy(here, null)
    expect(await read()).toBe('none')
  })

  test('terms that were tampered with: no quota is set beside them, and a new policy replaces them', async () => {
    const here = await tenant({ memories: 1 })
    const { tenants } = store.privileged()
    const newest = '(select max(policy_version) from memkeep.tenant)'
    for (let n = 0; n < 9; n++) await tenants.setQuota(here, { memories: 1 })
    await store.database.query(`update memkeep.tenant set policy = 'torn' where policy_version = ${newest}`)
    expect(await codeOf(tenants.quota(here))).toBe('ERR_SEAL_BROKEN')
    expect(await codeOf(tenants.setQuota(here, { memories: 2 }))).toBe('ERR_SEAL_BROKEN')
    await tenants.setPolicy(here, null)
    expect(await tenants.quota(here)).toBeNull()
  })

  test('one that is none is refused', async () => {
    for (const quota of [
      7,
      'x',
      [],
      { memories: 0 },
      { bytes: 1.5 },
      { memories: '5' },
      { tags: 3 },
      { bytes: null },
    ]) {
      expect(await codeOf(setQuota('acme', quota as never))).toBe('ERR_INPUT_INVALID')
    }
    expect(await codeOf(setQuota('nobody', { memories: 1 }))).toBe('ERR_TENANT_UNKNOWN')
    for (const limits of [{ tenantMemories: 0 }, { tenantBytes: '1' }, { tenantmemories: 5 }]) {
      expect(await codeOf(store.open({ limits: limits as object }))).toBe('ERR_INPUT_INVALID')
    }
  })
})

test('a refusal is returned with its audit row, under no neighbour’s name', async () => {
  const [full, neighbour] = [await tenant({ memories: 1 }), await tenant()]
  const before = await outcomes()
  await store.memory({ tenant: full }).add(another(), user)
  expect(await codeOf(store.memory({ tenant: full }).add(another(), user))).toBe(over)
  expect(await codeOf(store.memory({ tenant: neighbour }).addMany(some(5)))).toBe('none')
  expect(await outcomes()).toEqual({ ...before, quota: (before.quota ?? 0) + 1, ok: before.ok! + 2 })
})

async function outcomes(): Promise<Record<string, number>> {
  const rows = await store.database.query<{ outcome: string; number: number }>(
    "select outcome, count(*)::integer as number from memkeep.event where action = 'memory.add' and outcome <> 'policy' group by 1",
  )
  return Object.fromEntries(rows.map(({ outcome, number }) => [outcome, number]))
}
