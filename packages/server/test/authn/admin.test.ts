import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newAdminKey } from '../../src/authn/admin-keys.ts'
import { Served } from '../support/served.ts'

const root = newAdminKey()
const other = newAdminKey()
let served: Served

beforeAll(async () => {
  const adminKeys = [
    { name: 'root', sha256: root.sha256 },
    { name: 'other', sha256: other.sha256 },
  ]
  served = await Served.start({ config: { adminKeys }, freshMs: 0, failuresPerMinute: 5 })
})
afterAll(() => served[Symbol.asyncDispose]())

const admin = (method: string, path: string, body?: object) =>
  served.ask(method, `/admin/v1${path}`, { key: root.key, ...(body === undefined ? {} : { body }) })
const reason = 'a test'

test('tenants are made, listed, and given terms of their own', async () => {
  const made = await admin('POST', '/tenants', { tenant: 'Zoë & co/%', reason })
  expect([made.status, made.body]).toEqual([201, { tenant: 'Zoë & co/%', created: true }])
  expect((await admin('POST', '/tenants', { tenant: 'Zoë & co/%', reason })).status).toBe(200)
  const { body } = await admin('GET', '/tenants?limit=100')
  expect(body.items.map(({ tenant }: { tenant: string }) => tenant).sort()).toEqual(['Zoë & co/%', 'acme', 'globex'])
  expect((await admin('PUT', '/tenants/quota', { tenant: 'globex', quota: { memories: 1 }, reason })).status).toBe(204)
  const key = await served.key('globex', 'ana')
  await served.add(key, 'the only one')
  const full = await served.ask('POST', '/v1/memories', { key, body: { content: 'one more', actor: 'user' } })
  expect([full.status, full.body.code]).toEqual([403, 'ERR_QUOTA_EXCEEDED'])
  const policy = { agent: { reads: ['public'], writes: [], rights: ['read'], actors: [] } }
  expect((await admin('PUT', '/tenants/policy', { tenant: 'globex', policy, reason })).status).toBe(204)
  expect((await served.ask('GET', '/v1/memories', { key })).body.items).toEqual([])
})

test('keys are made, used, listed with their last use, and revoked', async () => {
  const principal = { id: 'svc', roles: ['agent'] }
  const { status, body } = await admin('POST', '/keys', { tenant: 'acme', subject: 'ana', principal, reason })
  expect(status).toBe(201)
  const listed = async () =>
    (await admin('GET', '/keys?tenant=acme')).body.keys.find(({ id }: { id: string }) => id === body.id)
  expect(await listed()).toMatchObject({ subject: 'ana', principal, usedAt: null, revokedAt: null, expiresAt: null })
  const before = Date.now()
  await served.add(body.key, 'used')
  const usedMs = Date.parse((await listed()).usedAt)
  expect(before <= usedMs && usedMs <= Date.now()).toBe(true)
  expect(JSON.stringify(await listed())).not.toContain('mk_')
  expect((await admin('DELETE', `/keys/${body.id}?tenant=globex&reason=x`)).status).toBe(404)
  expect((await admin('DELETE', `/keys/${body.id}?tenant=acme&reason=x`)).status).toBe(204)
  expect((await served.ask('GET', '/v1/memories', { key: body.key })).status).toBe(401)
  expect((await admin('DELETE', `/keys/${body.id}?tenant=acme&reason=x`)).status).toBe(404)
})

test('a key expires', async () => {
  const input = { tenant: 'acme', subject: 'ana', principal: { id: 'svc', roles: ['agent'] }, reason }
  const expiresAt = new Date(Date.now() + 1500).toISOString()
  const { body } = await admin('POST', '/keys', { ...input, expiresAt })
  expect((await served.ask('GET', '/v1/memories', { key: body.key })).status).toBe(200)
  await new Promise((resolve) => setTimeout(resolve, 1600))
  expect((await served.ask('GET', '/v1/memories', { key: body.key })).status).toBe(401)
  expect((await admin('POST', '/keys', { ...input, expiresAt: '2020-01-01T00:00:00Z' })).status).toBe(422)
})

describe('refused:', () => {
  test.each<[string, object]>([
    ['a right that comes with a grant only', { principal: { id: 'p', roles: [], rights: ['keys'] } }],
    ['a right that there is not', { principal: { id: 'p', roles: [], rights: ['everything'] } }],
    ['nobody said whom it is for', { subject: undefined }],
    ['no reason', { reason: undefined }],
    ['an empty tenant', { tenant: '' }],
    ['one more field', { admin: true }],
  ])('a key with %s', async (_, wrong) => {
    const good = { tenant: 'acme', subject: 'ana', principal: { id: 'p', roles: [] }, reason }
    expect((await admin('POST', '/keys', { ...good, ...wrong })).status).toBe(422)
  })

  test('a tenant that there is not', async () => {
    const input = { tenant: 'nowhere', subject: null, principal: { id: 'p', roles: [] }, reason }
    expect((await admin('POST', '/keys', input)).body.code).toBe('ERR_TENANT_UNKNOWN')
  })
})

test("what an administrator does stands in the tenant's ledger, by name and reason", async () => {
  await admin('POST', '/keys', { tenant: 'acme', subject: 'x', principal: { id: 'p', roles: [] }, reason })
  const rows = await served.database.query("select from memkeep.event where action = 'key.create' and outcome = 'ok'")
  expect(rows.length).toBeGreaterThan(0)
})

test('the two classes of credentials are none for each other, and an address that guesses has to wait', async () => {
  const memory = await served.key('acme', null, ['admin'])
  expect((await served.ask('GET', '/admin/v1/tenants', { key: memory })).status).toBe(401)
  expect((await served.ask('GET', '/v1/memories', { key: root.key })).status).toBe(401)
  const guess = async (number: number) =>
    (await served.ask('GET', '/admin/v1/tenants', { key: `mka_${String(number).padStart(43, 'x')}` })).status
  const statuses = []
  for (let number = 0; number < 6; number++) statuses.push(await guess(number))
  expect(statuses.slice(-2)).toEqual([429, 429])
})

test('a header that names a scope is refused to administrators too, and counted', async () => {
  const counted = async () =>
    Number(/memkeep_scope_smuggling_total (\d+)/.exec((await served.ask('GET', '/metrics')).text)?.[1] ?? 0)
  const before = await counted()
  const headers = { 'x-tenant-id': 'acme' }
  expect((await served.ask('GET', '/admin/v1/tenants', { key: root.key, headers })).status).toBe(422)
  expect(await counted()).toBe(before + 1)
})
