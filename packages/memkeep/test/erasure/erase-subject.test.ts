import { afterEach, beforeEach, expect, test } from 'vitest'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
})
afterEach(() => store[Symbol.asyncDispose]())

const refused = (code: string) => expect.objectContaining({ code })

/** What the database holds beside one subject's shelf, byte for byte, and beside what an erasure leaves of itself. */
async function others(tenant: Buffer, subject: Buffer): Promise<unknown[]> {
  const found: unknown[] = []
  for (const table of ['shelf', 'memory', 'memory_version', 'removal', 'request']) {
    const text = `select md5(string_agg(t::text, ',' order by t::text)) as rows, count(*) as n from memkeep.${table} t
      where not (tenant = $1 and subject = $2)`
    found.push(await store.database.query(text, [tenant, subject]))
  }
  return found
}

async function fill(subject: string, tenant = 'acme'): Promise<void> {
  const memory = store.memory({ subject, tenant })
  await memory.add(`${subject} one`, { actor: 'user', idempotencyKey: 'key' })
  const { id } = await memory.add(`${subject} two`, { actor: 'user', sensitivity: 'sensitive' })
  const { id: gone } = await memory.add(`${subject} three`, { actor: 'user' })
  await store.memory({ subject, tenant, roles: ['admin'] }).update(id, { content: 'revised' }, { actor: 'user' })
  await memory.delete(gone)
}

const tagsOf = async (subject: string) => {
  const rows = await store.database.query<{ tenant: Buffer; subject: Buffer }>(
    'select tenant, subject from memkeep.shelf order by created_ms, subject',
  )
  return { rows, subject }
}

test('one subject goes with every row, the others keep every byte', async () => {
  await fill('ana')
  const { rows } = await tagsOf('ana')
  expect(rows).toHaveLength(1)
  const { tenant, subject } = rows[0]!
  for (const other of ['an', 'ana2', 'ben']) await fill(other)
  await fill('ana', 'globex')
  await store.common({ rights: ['common'] }).add('of all', { actor: 'user' })
  const before = await others(tenant, subject)

  const report = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))

  expect(await others(tenant, subject)).toEqual(before)
  const deleted = Object.fromEntries(report.stores.map(({ name, deleted, remaining }) => [name, [deleted, remaining]]))
  expect(deleted).toMatchObject({ memory: [2, 0], memory_version: [1, 0], removal: [1, 0], request: [1, 0] })
  for (const table of ['memory', 'memory_version', 'removal', 'request']) {
    const text = `select count(*)::int as n from memkeep.${table} where tenant = $1 and subject = $2`
    expect(await store.database.query(text, [tenant, subject]), table).toEqual([{ n: 0 }])
  }
  const bar = 'select state, memories, bytes, name from memkeep.shelf where tenant = $1 and subject = $2'
  expect(await store.database.query(bar, [tenant, subject])).toEqual([
    { state: 1, memories: 0, bytes: '0', name: null },
  ])
  expect(report.keysDestroyed).toBe(1)
  expect(report.residue.map(({ what }) => what)).toContain('shelf')
  expect(report.notCovered.length).toBeGreaterThan(0)
})

test('no API key is made for who was erased, by an operator or by a principal; one that was left does not open the next epoch', async () => {
  await fill('ana')
  const keys = store.keep.privileged(grantOf('keys', 'authenticate')).keys
  const ofAna = { tenant: 'acme', subject: 'ana', principal: { id: 'ana', roles: ['agent'] } }
  const { key } = await keys.create(ofAna)
  const held = await store.database.query<Record<string, unknown>>(
    'select * from memkeep.api_key where subject <> $1',
    [Buffer.alloc(16)],
  )
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  await expect(keys.create(ofAna)).rejects.toEqual(refused('ERR_SCOPE_BARRED'))
  expect(await store.database.query('select * from memkeep.api_key')).toEqual([])
  expect((await keys.create({ ...ofAna, subject: 'ben' })).key).not.toBe(key)

  // As a key that came after the deletion would lie there.
  const { lookup, tenant, id, claims, created_ms, subject } = held[0]!
  await store.database.query(
    'insert into memkeep.api_key (lookup, tenant, id, claims, created_ms, subject) values ($1, $2, $3, $4, $5, $6)',
    [lookup, tenant, id, claims, created_ms, subject],
  )
  expect(await keys.find(key)).not.toBeNull()
  await store.privileged().tenants.reopen('acme', { subject: 'ana' })
  expect(await keys.find(key)).toBeNull()
  expect(await keys.find((await keys.create(ofAna)).key)).toMatchObject({ subject: 'ana' })
})

test('the subject stays barred in every process, until it is reopened under new keys', async () => {
  await fill('ana')
  const elsewhere = await store.open()
  await store.memory({}, elsewhere).search('one')
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  for (const keep of [store.keep, elsewhere]) {
    const memory = store.memory({}, keep)
    await expect(memory.add('again', { actor: 'user' })).rejects.toEqual(refused('ERR_SCOPE_BARRED'))
    await expect(memory.search('one')).rejects.toEqual(refused('ERR_SCOPE_BARRED'))
    await expect(memory.list()).rejects.toEqual(refused('ERR_SCOPE_BARRED'))
  }
  await store.privileged().tenants.reopen('acme', { subject: 'ana' })
  for (const [number, keep] of [store.keep, elsewhere].entries()) {
    await store.memory({}, keep).add(`anew ${number}`, { actor: 'user' })
    expect(
      (await store.memory({}, keep).search('one two revised')).memories.map(({ content }) => content),
    ).not.toContain('ana one')
  }
  expect((await store.memory().list()).items.map(({ content }) => content).sort()).toEqual(['anew 0', 'anew 1'])
  const { items } = await store.wide({ roles: ['admin'] }).list()
  expect(items.map(({ subject }) => subject)).toEqual(['ana', 'ana'])
})

test('after: reopen begins anew by itself, and it can be erased again', async () => {
  await fill('ana')
  const first = await finished(
    store,
    await store.keep.eraseSubject(adminOf('ana'), { reason: 'test', after: 'reopen' }),
  )
  await store.memory().add('anew', { actor: 'user' })
  const second = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'test' }))
  expect(second.id).not.toBe(first.id)
  expect(second.stores.find(({ name }) => name === 'memory')?.deleted).toBe(1)
  const { erasures } = store.keep.for(adminOf('ana'))
  expect((await erasures.list()).map(({ id, state }) => [id, state])).toEqual([
    [second.id, 'done'],
    [first.id, 'done'],
  ])
  expect((await erasures.show(first.id))?.report?.salt).toBe(first.salt)
  expect(await store.keep.for(adminOf('ben')).erasures.show(first.id)).toBeNull()
})

test('a subject that has no shelf yet is barred as well', async () => {
  await finished(store, await store.keep.eraseSubject(adminOf('nobody'), { reason: 'request' }))
  await expect(store.memory({ subject: 'nobody' }).add('x', { actor: 'user' })).rejects.toEqual(
    refused('ERR_SCOPE_BARRED'),
  )
})

test('asked for again it is the same erasure', async () => {
  await fill('ana')
  const first = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  const again = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  expect(again.id).toBe(first.id)
  await finished(store, first)
  await again.done
  const later = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  expect(later.id).toBe(first.id)
  expect((await later.done).requestedAt).toBe((await first.done).requestedAt)
})

test('who may not, does not: and nothing is barred', async () => {
  await fill('ana')
  const { mintScope } = await import('../../src/trust.ts')
  const by = (roles: string[]) => mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'ana', roles } })
  await expect(store.keep.eraseSubject(by(['agent']), { reason: 'request' })).rejects.toEqual(
    refused('ERR_ACCESS_DENIED'),
  )
  const grant = store.keep.privileged(grantOf('tenants'))
  await expect(grant.erasures.eraseSubject('acme', 'ana', { reason: 'request' })).rejects.toEqual(
    refused('ERR_ACCESS_DENIED'),
  )
  const bound = mintScope({ tenant: 'acme', subject: 'ana', session: 's', principal: { id: 'boss', roles: ['admin'] } })
  await expect(store.keep.eraseSubject(bound, { reason: 'request' })).rejects.toEqual(refused('ERR_INPUT_INVALID'))
  const options = [{}, { reason: 'whim' }, { reason: 'test', force: true }, { reason: 'test', after: 'never' }, null]
  for (const wrong of options) {
    await expect(store.keep.eraseSubject(adminOf('ana'), wrong as never)).rejects.toEqual(refused('ERR_INPUT_INVALID'))
  }
  await store.memory().add('still here', { actor: 'user' })
  const events = await store.database.query("select outcome from memkeep.event where action = 'erasure.requested'")
  expect(events).toEqual([{ outcome: 'denied' }, { outcome: 'denied' }])
})

test("a tenant's policy may let its subjects ask for themselves", async () => {
  await fill('ana')
  const { defaultPolicy } = await import('../../src/policy/policy.ts')
  const { agent } = defaultPolicy
  await store
    .privileged()
    .tenants.setPolicy('acme', { ...defaultPolicy, self: { ...agent!, rights: ['read', 'erase'] } })
  const { mintScope } = await import('../../src/trust.ts')
  const self = mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'ana', roles: ['self'] } })
  const report = await finished(store, await store.keep.eraseSubject(self, { reason: 'request' }))
  expect(report.stores.find(({ name }) => name === 'memory')?.deleted).toBe(2)
})

test('an operator with a grant', async () => {
  await fill('ana')
  const { erasures } = store.keep.privileged(grantOf('erase'))
  const erasure = await erasures.eraseSubject('acme', 'ana', { reason: 'request' })
  await finished(store, erasure)
  expect(await erasures.show(erasure.id)).toMatchObject({ id: erasure.id, state: 'done', kind: 'subject' })
  expect(await erasures.show('00000000-0000-7000-8000-000000000000')).toBeNull()
  await expect(erasures.eraseSubject('nowhere', 'ana', { reason: 'request' })).rejects.toEqual(
    refused('ERR_TENANT_UNKNOWN'),
  )
})

test('a legal hold refuses, and says so; one that comes after the barrier is told', async () => {
  await fill('ana')
  const { holds } = store.keep.privileged(grantOf('holds'))
  const { id } = await holds.place({ tenant: 'acme', subject: 'ana', reason: 'case 7' })
  await expect(store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })).rejects.toThrow(/legal hold/)
  const whole = await holds.place({ tenant: 'acme', subject: null, reason: 'case 8' })
  expect(await holds.release('acme', id)).toBe(true)
  await expect(store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })).rejects.toThrow(/legal hold/)
  expect(await holds.release('acme', whole.id)).toBe(true)
  expect((await holds.list('acme')).map(({ on, reason, releasedAt }) => [on, reason, releasedAt !== null])).toEqual([
    ['tenant', 'case 8', true],
    ['subject', 'case 7', true],
  ])
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  await expect(holds.place({ tenant: 'acme', subject: 'ana', reason: 'late' })).rejects.toEqual(
    refused('ERR_SCOPE_BARRED'),
  )
  await expect(store.keep.privileged(grantOf('erase')).holds.list('acme')).rejects.toEqual(refused('ERR_ACCESS_DENIED'))
})

test("a subject's API keys go with it, its tenant's stay", async () => {
  await fill('ana')
  const { keys } = store.keep.privileged(grantOf('keys', 'authenticate'))
  const principal = { id: 'svc', roles: ['agent'] }
  const own = await keys.create({ tenant: 'acme', subject: 'ana', principal })
  const whole = await keys.create({ tenant: 'acme', subject: null, principal })
  const report = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  expect(report.stores.find(({ name }) => name === 'api_key')?.deleted).toBe(1)
  expect(await keys.find(own.key)).toBeNull()
  expect((await keys.find(whole.key))?.id).toBe(whole.id)
})
