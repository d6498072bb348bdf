import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultPolicy } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { type PrivateEngine, privateEngine } from '../support/private-engine.ts'
import { type Asking, TestKeep } from '../support/test-keep.ts'
import { encodings, marker, sightings, sightingsBelow } from './marker.ts'

// Whatever a tenant says is a marker here. Afterwards no byte of one is anywhere in what the server or the key store keep.

let engine: PrivateEngine
let store: TestKeep
beforeAll(async () => {
  engine = await privateEngine()
  store = await TestKeep.start({}, await engine.database('canaries'))
})
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  await engine?.stop()
})

/** Everything that the statistics, the catalogue's views and the running server tell. */
async function told(): Promise<Buffer> {
  const views = ['pg_stats', 'pg_stats_ext', 'pg_stat_activity', 'pg_prepared_statements', 'pg_settings']
  const texts: string[] = []
  for (const view of views) {
    const [row] = await store.database.query<{ text: string }>(
      `select coalesce(string_agg(v::text, E'\\n'), '') as text from ${view} v`,
    )
    texts.push(row!.text)
  }
  return Buffer.from(texts.join('\n'))
}

async function settle(): Promise<void> {
  await store.database.query('analyze')
  await store.database.query('checkpoint')
}

async function use(asking: Asking): Promise<void> {
  const memory = store.memory(asking)
  const said = () => ({
    actor: 'user' as const,
    tags: [marker(), marker()],
    metadata: { [marker()]: marker(), list: [marker()] },
    source: marker(),
  })
  const idempotencyKey = marker()
  const text = `${marker()} and ${marker()}`
  const { id } = await memory.add(text, { ...said(), idempotencyKey })
  expect(await codeOf(memory.add(marker(), { ...said(), idempotencyKey }))).toBe('ERR_IDEMPOTENCY_MISMATCH')
  await memory.add(`${marker()} `.repeat(900), { ...said(), expiresAt: new Date(store.clock.nowMs + 10) })
  await memory.addMany(
    Array.from({ length: 50 }, () => ({ content: marker(), ...said(), sensitivity: 'sensitive' as const })),
  )
  expect((await memory.search(text)).memories[0]?.id).toBe(id)
  await memory.search(marker(), { tags: [marker()] })
  await memory.list({ tags: [marker()], limit: 1 })
  await memory.update(id, { content: marker(), tags: [marker()], sensitivity: 'sensitive' }, { actor: 'user' })
  expect(await codeOf(memory.add(marker(), { ...said(), actor: 'system' }))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(memory.add(marker().repeat(5000), said()))).toBe('ERR_INPUT_TOO_LARGE')
  expect(await codeOf(memory.get(marker()))).toBe('none')
  expect(await codeOf(memory.update(marker(), { content: marker() }, { actor: 'user' }))).toBe('none')
  await memory.deleteMany({ tags: [marker()] })
}

test('no marker is in the data directory, the WAL, the statistics, the log or the key store', async () => {
  const tenant = marker()
  const principal = { id: marker(), roles: [marker()] }
  const grant = mintGrant({ principal, rights: ['tenants'], reason: marker(), ttlSeconds: 60 })
  const tenants = store.keep.privileged(grant).tenants
  await tenants.create(tenant)
  await tenants.setPolicy(tenant, { ...defaultPolicy, [marker()]: defaultPolicy.agent! })
  for (let round = 0; round < 3; round++) {
    const asking = { tenant, subject: marker(), principal: marker(), roles: ['agent', marker()] }
    await use(asking)
    await use({ ...asking, agent: marker(), session: marker() })
    const talk = [{ role: 'user' as const, content: marker(), name: marker() }]
    await store.memory(asking).addMessages(talk, { session: marker(), idempotencyKey: marker() })
  }
  await store.common({ tenant, rights: ['common'] }).add(marker(), { actor: 'user', tags: [marker()] })
  await store.wide({ tenant, roles: ['admin'] }).search(marker())
  expect(await codeOf(store.memory({ tenant: marker() }).add(marker(), { actor: 'user' }))).toBe('ERR_TENANT_UNKNOWN')
  await failInTheDatabase(tenant)
  store.clock.advance(20)
  await store.keep.runUpkeep()
  await settle()

  expect(readFileSync(join(engine.dir, 'server.log'), 'utf8')).toContain('ready to accept connections')
  const below = sightingsBelow(engine.dir)
  expect(below.bytes).toBeGreaterThan(20_000_000)
  expect(below.found).toEqual([])
  const keys = sightingsBelow(store.keyDir)
  expect(keys.files).toBeGreaterThan(8)
  expect(keys.found).toEqual([])
  expect(sightings('the server', await told())).toEqual([])
})

/** Errors that the server logs, raised while it works on what a tenant said. */
async function failInTheDatabase(tenant: string): Promise<void> {
  const memory = store.memory({ tenant, subject: marker() })
  await memory.add(marker(), { actor: 'user' })
  await store.database.query('alter table memkeep.event add constraint refuses check (false) not valid')
  expect(await codeOf(memory.add(marker(), { actor: 'user', tags: [marker()] }))).toBe('ERR_AUDIT_UNAVAILABLE')
  await store.database.query('alter table memkeep.event drop constraint refuses')
  await store.database.query('alter table memkeep.memory add constraint refuses check (false) not valid')
  expect(await codeOf(memory.add(marker(), { actor: 'user', tags: [marker()] }))).toBe('ERR_STORE_UNAVAILABLE')
  await store.database.query('alter table memkeep.memory drop constraint refuses')
}

test('the same scan finds a marker that was written in plain SQL, in every encoding', async () => {
  await store.database.query('create table control (encoding text, value bytea)')
  const planted = marker()
  for (const [encoding, bytes] of Object.entries(encodings(planted))) {
    await store.database.query('insert into control values ($1, $2)', [encoding, bytes])
  }
  await store.database.query('create table plain (value text)')
  await store.database.query('insert into plain select $1 from generate_series(1, 100)', [planted])
  await store.database.query(`do $$ begin raise log '${planted}'; end $$`)
  await settle()
  const { found } = sightingsBelow(engine.dir)
  for (const encoding of Object.keys(encodings())) {
    expect(found.some((place) => place.endsWith(`: ${encoding}`) && place.includes('/base/'))).toBe(true)
  }
  for (const place of ['/pg_wal/', '/server.log']) expect(found.some((seen) => seen.includes(place))).toBe(true)
  expect(sightings('the server', await told())).not.toEqual([])
})
