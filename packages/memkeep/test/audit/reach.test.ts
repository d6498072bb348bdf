import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
const audit = (asking: { tenant?: string; subject?: string; principal?: string } = {}) =>
  store.memory({ ...asking, roles: [], rights: ['audit'] }).audit
const wide = (tenant = 'acme') =>
  store.wide({ tenant, principal: 'auditor', roles: [], rights: ['audit', 'tenant', 'read'] }).audit

beforeAll(async () => {
  store = await TestKeep.start()
  for (const subject of ['ana', 'ben']) {
    await store.memory({ subject }).add(`of ${subject}`, { actor: 'user' })
    store.clock.advance(1_000)
    await store.memory({ subject }).search('of')
    store.clock.advance(1_000)
  }
  await store.common({ rights: ['common'] }).add('of all', { actor: 'user' })
  await store.memory({ tenant: 'globex' }).add('of another tenant', { actor: 'user' })
  await store.keep.sequence()
})
afterAll(() => store[Symbol.asyncDispose]())

test('a subject sees its own events, the common scope those of nobody, a tenant-wide one all of the tenant', async () => {
  const subjects = async (of: ReturnType<typeof audit>) =>
    new Set((await of.list({ limit: 100 })).items.map(({ subject }) => subject))
  expect(await subjects(audit())).toEqual(new Set(['ana']))
  expect(await subjects(audit({ subject: 'ben' }))).toEqual(new Set(['ben']))
  const common = store.common({ roles: [], rights: ['audit'] }).audit
  expect(await subjects(common)).toEqual(new Set([null]))
  expect((await common.list()).items.map(({ action }) => action)).toContain('memory.add')
  expect(await subjects(wide())).toEqual(new Set(['ana', 'ben', null]))
  expect(await codeOf(store.wide({ roles: [], rights: ['audit'] }).audit.list())).toBe('ERR_ACCESS_DENIED')
})

test('what was refused is there as well, with who asked', async () => {
  expect(await codeOf(store.memory({ principal: 'prying', roles: [] }).list())).toBe('ERR_ACCESS_DENIED')
  const { items } = await audit().list({ limit: 1 })
  expect(items).toMatchObject([
    { outcome: 'denied', principal: { id: 'prying', roles: [] }, index: null, intact: null },
  ])
})

test("no proof of a neighbour's event, of another tenant's, or of none: three times the same answer", async () => {
  const eventOf = async (of: ReturnType<typeof audit>) =>
    (await of.list({ actions: ['memory.add'], limit: 1 })).items[0]!.id
  const [ben, foreign] = [await eventOf(audit({ subject: 'ben' })), await eventOf(wide('globex'))]
  expect(await audit({ subject: 'ben' }).proof(ben)).not.toBe(null)
  expect(await wide().proof(ben)).not.toBe(null)
  for (const id of [ben, foreign, '00000000-0000-0000-0000-000000000000', 'no id'])
    expect(await audit().proof(id)).toBe(null)
  expect(await wide().proof(foreign)).toBe(null)
})

test('an event that gets its place while its proof is asked for is not said to be none', async () => {
  const { id } = (await wide().list({ actions: ['memory.add'], limit: 1 })).items[0]!
  // As it was before it got its place.
  await store.database.query(`create table public.leaf as select * from memkeep.log_entry where event = '${id}'`)
  await store.database.query(`delete from memkeep.log_entry where event = '${id}'`)
  await store.database.query(
    `insert into memkeep.pending (tenant, id, class, period) select tenant, id, class, period from memkeep.event where id = '${id}'`,
  )
  const client = new pg.Client(store.database.admin)
  await client.connect()
  try {
    await client.query('begin')
    await client.query('lock table memkeep.pending in access exclusive mode')
    const asked = wide().proof(id)
    const waits = `select from pg_locks where relation = 'memkeep.pending'::regclass and not granted`
    while ((await client.query(waits)).rows.length === 0) await setTimeout(5)
    await client.query('insert into memkeep.log_entry select * from public.leaf')
    await client.query(`delete from memkeep.pending where id = '${id}'`)
    await client.query('commit')
    expect(await asked).not.toBe(null)
  } finally {
    await client.end()
    await store.database.query('drop table public.leaf')
  }
})

test.each(['ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000'])(
  'no event has the id %s',
  async (id) => {
    expect(await wide().opening(id)).toBeNull()
    expect(await wide().proof(id)).toBeNull()
  },
)

test('pages, times and actions', async () => {
  const all = (await wide().list({ limit: 100 })).items
  const paged: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<ReturnType<typeof wide>['list']>> = await wide().list({
      limit: 3,
      until: all[0]!.at,
      ...(cursor === null ? {} : { cursor }),
    })
    paged.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(paged.length).toBeGreaterThan(3)
  expect(paged).toEqual(all.filter(({ at }) => at < all[0]!.at).map(({ id }) => id))
  expect((await wide().list({ since: new Date(all[0]!.at.getTime() + 1) })).items).toEqual([])
  expect(new Set((await wide().list({ actions: ['memory.search'] })).items.map(({ action }) => action))).toEqual(
    new Set(['memory.search']),
  )
  for (const bad of [
    { limit: 0 },
    { actions: [] },
    { actions: ['*'] },
    { since: 'yesterday' },
    { cursor: 'x' },
    { who: 1 },
  ]) {
    expect(await codeOf(audit().list(bad as never)), JSON.stringify(bad)).toBe('ERR_INPUT_INVALID')
  }
})

test('a row that was changed in the database is said to be so', async () => {
  const before = (await audit({ subject: 'ben' }).list({ actions: ['memory.add'] })).items
  expect(before.map(({ intact }) => intact)).toEqual([true])
  for (const change of [
    "outcome = 'denied'",
    'at_ms = at_ms + 1',
    "memories = '{}'",
    'affected = 7',
    "principal = '\\x00112233445566778899aabbccddeeff'",
  ]) {
    await store.database.query('create table public.kept as table memkeep.event')
    await store.database.query(`update memkeep.event set ${change} where id = $1`, [before[0]!.id])
    const [changed] = (await audit({ subject: 'ben' }).list({ actions: ['memory.add'] })).items
    expect(changed!.intact, change).toBe(false)
    await store.database.query('delete from memkeep.event where id = $1', [before[0]!.id])
    await store.database.query('insert into memkeep.event select * from public.kept where id = $1', [before[0]!.id])
    await store.database.query('drop table public.kept')
  }
  expect((await audit({ subject: 'ben' }).list({ actions: ['memory.add'] })).items[0]!.intact).toBe(true)
})

test('an erased subject leaves its leaves, and what they committed to goes with its key; of a search over every subject the ids stay', {
  timeout: 60_000,
}, async () => {
  const reader = store.wide({ principal: 'reader', rights: ['read', 'tenant'] })
  const shown = (await reader.search('of')).memories.map(({ id }) => id)
  await store.keep.sequence()
  const searches = async () => (await wide().list({ actions: ['memory.search'], limit: 100 })).items
  const search = (await searches()).find(({ reach }) => reach === 'all')!
  expect(search).toMatchObject({ subject: null, intact: true })
  expect([...search.memories].sort()).toEqual([...shown].sort())
  const ofAna = async () => (await wide().list({ actions: ['memory.add', 'memory.search'], limit: 100 })).items
  const [event] = (await ofAna()).filter(({ subject }) => subject === 'ana')
  expect(event).toMatchObject({ intact: true })
  const proof = await wide().proof(event!.id)
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  await store.keep.sequence()
  const after = (await ofAna()).find(({ id }) => id === event!.id)!
  expect(after).toMatchObject({ index: event!.index, subject: null, intact: null })
  expect(Buffer.from((await wide().proof(event!.id))!.entry)).toEqual(Buffer.from(proof!.entry))
  expect(await wide().opening(event!.id)).toBeNull()
  // Nothing of a subject was sealed with it: it stands under the tenant's key, and says who asked and which ids were shown.
  expect((await searches()).find(({ id }) => id === search.id)).toEqual(search)
  const { parts } = JSON.parse((await wide().opening(search.id))!) as { parts: { details: string }[] }
  const details = Buffer.from(parts[0]!.details, 'base64').toString()
  expect(parts).toHaveLength(1)
  expect(JSON.parse(details)).toEqual({
    ...{ v: 1, event: search.id, reach: 2, subject: null, memories: search.memories, affected: search.affected },
    detail: { principal: 'reader', roles: ['agent'] },
  })
  expect(details).not.toMatch(/ana|ben/)
})
