import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sayOtherBuild } from '../../../../test/database.ts'
import { detailContext } from '../../src/audit/detail.ts'
import { openMemkeep } from '../../src/index.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { doorwayFiles } from '../../src/store/schema.ts'
import { verifyingKeys } from '../../src/store/token-keys.ts'
import { codeOf } from '../support/code-of.ts'
import { HandClock } from '../support/hand-clock.ts'
import { keysAt } from '../support/keys-at.ts'
import { keyPlace, TestKeep } from '../support/test-keep.ts'

// What the kernel must not take from a database that does not hold its walls, and what waits behind a lock.

const user = { actor: 'user' } as const

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

test('a row of another subject or above the clearance is not opened, though the database brings it', async () => {
  await using torn = await TestKeep.start()
  const { id } = await torn.memory({ subject: 'ana' }).add('ana has a secret', user)
  const ben = torn.memory({ subject: 'ben' })
  const above = await ben.add('ben, sensitive', { ...user, sensitivity: 'sensitive' })
  expect([await ben.get(id), await ben.get(above.id)]).toEqual([null, null])
  const read = doorwayFiles().find((file) => file.text.includes('function memkeep.read('))!
  await sayOtherBuild(torn.database)
  await torn.database.query(read.text.replaceAll('and (shelves is null or m.subject = any (shelves))', ''))
  await torn.database.query('alter policy read on memkeep.memory using (true)')
  expect(await codeOf(ben.get(id))).toBe('ERR_SEAL_BROKEN')
  expect(await codeOf(ben.get(above.id))).toBe('ERR_SEAL_BROKEN')
})

test('an audit detail opens with its own event and with no other', async () => {
  await store.memory({ principal: 'honest' }).list()
  await store.memory({ principal: 'thief' }).list()
  const rows = await store.database.query<{ id: string; tenant: Buffer; detail: Buffer }>(
    "select id, tenant, detail from memkeep.event where action = 'memory.list' order by recorded_at desc limit 2",
  )
  const keyring = new Keyring({ ...keyringParts(store.keyDir), clock: store.clock, reach: () => {} })
  const key = await (await keyring.tenantByTag(rows[0]!.tenant)).own()
  const opened = (detail: Buffer, event: string) =>
    JSON.parse(key.open('audit', detail.subarray(5), detailContext(event)).toString('utf8')).principal
  expect(rows.map((row) => opened(row.detail, row.id))).toEqual(['thief', 'honest'])
  expect(await codeOf(async () => opened(rows[0]!.detail, rows[1]!.id))).toBe('ERR_SEAL_BROKEN')
  keyring.close()
})

test('a write that waited for the shelf while the policy changed is refused under the new one', async () => {
  const memory = store.memory({ subject: 'waiting' })
  await memory.add('before', user)
  const holder = new pg.Client(store.database.admin)
  await holder.connect()
  await holder.query('begin')
  await holder.query('select from memkeep.shelf for update')
  const waiting = codeOf(memory.add('under the old policy', user))
  await untilWaiting()
  const readers = { agent: { reads: ['public' as const], writes: [], rights: ['read' as const], actors: [] } }
  await store.privileged().tenants.setPolicy('acme', readers)
  await holder.query('commit')
  await holder.end()
  expect(await waiting).toBe('ERR_ACCESS_DENIED')
  await store.privileged().tenants.setPolicy('acme', null)
  expect((await memory.list()).items.map(({ content }) => content)).toEqual(['before'])
})

test('a token key whose time is over while it is handed on is never zero', async () => {
  const place = keyPlace()
  const clock = new HandClock()
  const keyring = new Keyring({ provider: place.keys, store: place.keyStore, clock, reach: () => {}, holdMs: 1000 })
  for (let hops = 0; hops < 12; hops++) {
    await keyring.tokenKey(5)
    const keys = verifyingKeys(() => keyring.tokenKey(5), 5 * 3_600_000)
    for (let hop = 0; hop < hops; hop++) await null
    clock.nowMs += 2000
    const other = keyring.tokenKey(6)
    // The inner pad of an all-zero key.
    expect((await keys).filter(({ ipad }) => ipad.every((byte) => byte === 0x36))).toEqual([])
    await other
  }
  keyring.close()
  place.remove()
})

test("a root key under the database's directory is refused, as a key store there is", async () => {
  const place = keyPlace()
  const dir = `${place.dir}/db`
  const database = { dir, start: () => Promise.reject(new Error('started')) }
  const apart = keysAt(`${place.dir}/keys`)
  const within = keysAt(`${dir}/keys`)
  const open = (keys: typeof apart.keys, keyStore: typeof apart.keyStore) =>
    codeOf(openMemkeep({ database, keys, keyStore }))
  expect(await open(within.keys, apart.keyStore)).toBe('ERR_STORE_UNSAFE')
  expect(await open(apart.keys, within.keyStore)).toBe('ERR_STORE_UNSAFE')
  await expect(openMemkeep({ database, ...apart })).rejects.toThrow('started')
  place.remove()
})

test("one caller's refusal is not another's, though they have one clearance", async () => {
  await store.memory({ subject: 'shared' }).add('alpha', user)
  const keep = await store.open()
  const policy = { blind: { reads: ['public' as const, 'private' as const], writes: [], rights: [], actors: [] } }
  const agent = { reads: ['public' as const, 'private' as const], writes: [], rights: ['read' as const], actors: [] }
  await store.privileged().tenants.setPolicy('globex', { ...policy, agent })
  const of = (roles: string[]) => store.memory({ tenant: 'globex', subject: 'shared', roles }, keep)
  const [blind, seeing] = await Promise.all([codeOf(of(['blind']).list()), codeOf(of(['agent']).list())])
  expect([blind, seeing]).toEqual(['ERR_ACCESS_DENIED', 'none'])
})

test('twenty updates of one memory at once are all made', async () => {
  const memory = store.memory({ subject: 'busy' })
  const { id } = await memory.add('0', user)
  const receipts = await Promise.all(
    Array.from({ length: 20 }, (_, number) => memory.update(id, { content: `${number}` }, user)),
  )
  expect(receipts.map((receipt) => receipt?.version).sort((a, b) => a! - b!)).toEqual(
    Array.from({ length: 20 }, (_, number) => number + 2),
  )
})

test('to forget by a filter comes through beside writers that never stop', async () => {
  const memory = store.memory({ subject: 'hot' })
  for (const content of ['one', 'two']) await memory.add(content, { ...user, tags: ['gone'] })
  let stop = false
  const writers = Array.from({ length: 4 }, async () => {
    while (!stop) await memory.add('noise', user)
  })
  expect(await memory.deleteMany({ tags: ['gone'] })).toEqual({ deleted: 2 })
  stop = true
  await Promise.all(writers)
})

test('an event of what was refused says that nothing was done', async () => {
  const memory = store.memory({ subject: 'refused', roles: ['agent'] })
  expect(await codeOf(memory.addMany([{ content: 'a', actor: 'system' }]))).toBe('ERR_ACCESS_DENIED')
  const [event] = await store.database.query<{ affected: number; memories: string[] }>(
    "select affected, memories from memkeep.event where outcome = 'denied' order by recorded_at desc limit 1",
  )
  expect(event).toEqual({ affected: 0, memories: [] })
})

test('the same call is the same call whatever the order of its metadata', async () => {
  const memory = store.memory({ subject: 'twice' })
  const first = await memory.add('x', { ...user, metadata: { a: 1, b: { c: 2, d: 3 } }, idempotencyKey: 'k' })
  expect(await memory.add('x', { ...user, metadata: { b: { d: 3, c: 2 }, a: 1 }, idempotencyKey: 'k' })).toEqual(first)
  const other = memory.add('x', { ...user, metadata: { a: 1, b: [['c', 2]] }, idempotencyKey: 'k' })
  expect(await codeOf(other)).toBe('ERR_IDEMPOTENCY_MISMATCH')
})

function keyringParts(dir: string) {
  const { keys, keyStore } = keysAt(dir)
  return { provider: keys, store: keyStore }
}

async function untilWaiting(): Promise<void> {
  for (;;) {
    const waiting = await store.database.query(
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1",
      [store.database.name],
    )
    if (waiting.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
