import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

let count = 0
const user = { actor: 'user' } as const
const later = (ms: number) => new Date(store.clock.nowMs + ms)
const rowsOf = async (id: string) => {
  const [row] = await store.database.query<{ memory: number; versions: number; named: number }>(
    `select (select count(*)::int from memkeep.memory where id = $1) as memory,
       (select count(*)::int from memkeep.memory_version where id = $1) as versions,
       (select count(*)::int from memkeep.event where action = 'memory.expire' and $1 = any (memories)) as named`,
    [id],
  )
  return row!
}

test('from its moment on a memory is in no answer, in no process, warm or cold', async () => {
  const asking = { subject: `subject ${++count}` }
  const memory = store.memory(asking)
  const { id, durableUntil } = await memory.add('tea time', { ...user, expiresAt: later(1000) })
  expect(durableUntil).toEqual(later(1000))
  await memory.update(id, { content: 'tea at five' }, user)
  await store.memory(asking, second).search('tea')
  store.clock.advance(999)
  expect((await memory.search('tea')).memories).toHaveLength(1)
  store.clock.advance(1)
  const cold = await store.open()
  for (const keep of [store.keep, second, cold]) {
    const looking = store.memory(asking, keep)
    expect((await looking.search('tea')).memories).toEqual([])
    expect((await looking.list()).items).toEqual([])
    expect(await looking.get(id)).toBeNull()
    expect(await looking.history(id)).toEqual([])
    expect(await looking.update(id, { expiresAt: null }, user)).toBeNull()
    expect(await codeOf(looking.add('derived', { ...user, derivedFrom: [id] }))).toBe('ERR_INPUT_INVALID')
  }
  const wide = store.wide({ roles: ['admin'] })
  expect(await wide.get(id)).toBeNull()
  expect((await wide.search('tea')).memories).toEqual([])
  await cold.close()
})

test('upkeep removes the row and every version, and says so in the ledger', async () => {
  const memory = store.memory({ subject: `subject ${++count}` })
  const { id } = await memory.add('short', { ...user, expiresAt: later(1000) })
  const stays = await memory.add('stays', { ...user, expiresAt: later(5 * hourMs) })
  await memory.update(id, { content: 'short, revised' }, user)
  store.clock.advance(999)
  await store.keep.runUpkeep()
  expect(await rowsOf(id)).toEqual({ memory: 1, versions: 1, named: 0 })
  store.clock.advance(1)
  expect((await store.keep.runUpkeep()).expired).toBeGreaterThan(0)
  expect(await rowsOf(id)).toEqual({ memory: 0, versions: 0, named: 1 })
  expect((await memory.list()).items.map((each) => each.id)).toEqual([stays.id])
  expect((await store.keep.runUpkeep()).expired).toBe(0)
})

test('upkeep drops it from warm shelves of other processes', async () => {
  const asking = { subject: `subject ${++count}` }
  const warm = store.memory(asking, second)
  await store.memory(asking).add('alpha', { ...user, expiresAt: later(1000) })
  await store.memory(asking).add('alpha beta', user)
  expect((await warm.search('alpha')).memories).toHaveLength(2)
  store.clock.advance(1000)
  await store.keep.runUpkeep()
  expect((await warm.search('alpha')).memories.map(({ content }) => content)).toEqual(['alpha beta'])
  store.clock.advance(3 * hourMs)
  await store.keep.runUpkeep()
  expect((await warm.search('alpha')).memories.map(({ content }) => content)).toEqual(['alpha beta'])
})

test('a shelf that slept longer than removals are kept is loaded anew', async () => {
  const asking = { subject: `subject ${++count}` }
  const sleeper = await store.open({ shelfBudgetBytes: 64 * 1024 * 1024 })
  const { id } = await store.memory(asking).add('alpha', user)
  await store.memory(asking).add('alpha beta', user)
  // Longer than an hour of removals would also be longer than an idle shelf is held: so this shelf is used, not idle.
  const slept = store.memory(asking, sleeper)
  expect((await slept.search('alpha')).memories).toHaveLength(2)
  await store.memory(asking).delete(id)
  await store.database.query('update memkeep.removal set removed_ms = removed_ms - $1', [2 * hourMs])
  await store.database.query('update memkeep.shelf set due_ms = 0')
  await store.keep.runUpkeep()
  expect(await store.database.query('select 1 from memkeep.removal where id = $1', [id])).toEqual([])
  expect((await slept.search('alpha')).memories.map(({ content }) => content)).toEqual(['alpha beta'])
  await sleeper.close()
})

test('update prolongs, shortens and lifts an expiry', async () => {
  const memory = store.memory({ subject: `subject ${++count}` })
  const { id } = await memory.add('x', { ...user, expiresAt: later(1000) })
  expect(await memory.update(id, { expiresAt: later(2000) }, user)).toMatchObject({ durableUntil: later(2000) })
  store.clock.advance(1500)
  expect(await memory.update(id, { content: 'y' }, user)).toMatchObject({ durableUntil: later(500) })
  expect(await memory.update(id, { expiresAt: null }, user)).toMatchObject({ durableUntil: null })
  store.clock.advance(hourMs)
  await store.keep.runUpkeep()
  expect(await memory.get(id)).toMatchObject({ content: 'y', expiresAt: null })
  await memory.update(id, { expiresAt: later(1) }, user)
  store.clock.advance(1)
  expect(await memory.get(id)).toBeNull()
  await store.keep.runUpkeep()
  expect(await rowsOf(id)).toMatchObject({ memory: 0, versions: 0 })
})

test('upkeep of sensitive and of common memories, of every tenant', async () => {
  const ids = []
  for (const tenant of ['acme', 'globex']) {
    const common = store.common({ tenant, rights: ['common'] })
    ids.push((await common.add('notice', { ...user, expiresAt: later(1) })).id)
    const subject = `subject ${++count}`
    ids.push(
      (await store.memory({ tenant, subject }).add('x', { ...user, sensitivity: 'sensitive', expiresAt: later(1) })).id,
    )
  }
  store.clock.advance(1)
  await store.keep.runUpkeep()
  for (const id of ids) expect(await rowsOf(id)).toEqual({ memory: 0, versions: 0, named: 1 })
})

test('an expiry that has passed, or is no date, is refused', async () => {
  const memory = store.memory({ subject: `subject ${++count}` })
  const bad = [later(0), later(-1), new Date(Number.NaN), store.clock.nowMs + 1000, '2030-01-01', null]
  for (const expiresAt of bad) {
    expect(await codeOf(memory.add('x', { ...user, expiresAt: expiresAt as Date }))).toBe('ERR_INPUT_INVALID')
  }
  const { id } = await memory.add('x', user)
  for (const expiresAt of bad.slice(0, -1)) {
    expect(await codeOf(memory.update(id, { expiresAt: expiresAt as Date }, user))).toBe('ERR_INPUT_INVALID')
  }
})

test('a shelf that cannot be swept holds up no other', async () => {
  await using broken = await TestKeep.start()
  const tags = () => readdirSync(join(broken.keyDir, 'store/tenant'))
  const ids: Record<string, string> = {}
  for (const tenant of ['before', 'keyless', 'after']) {
    const before = tags()
    await broken.createTenant(tenant)
    const expiresAt = new Date(broken.clock.nowMs + 1)
    ids[tenant] = (await broken.memory({ tenant }).add('x', { ...user, expiresAt })).id
    const made = tags().filter((tag) => !before.includes(tag))
    expect(made).toHaveLength(1)
    if (tenant === 'keyless') rmSync(join(broken.keyDir, 'store/tenant', made[0]!), { recursive: true })
  }
  broken.clock.advance(hourMs)
  expect(await codeOf(broken.keep.runUpkeep())).toMatch(/^ERR_(KEY_DESTROYED|TENANT_UNKNOWN)$/)
  const left = await broken.database.query<{ id: string }>('select id from memkeep.memory')
  expect(left.map(({ id }) => id)).toEqual([ids.keyless])
})
