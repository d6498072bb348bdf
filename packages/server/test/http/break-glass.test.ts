import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminRight, newAdminKey } from '../../src/authn/admin-keys.ts'
import { Served } from '../support/served.ts'

const root = newAdminKey()
const second = newAdminKey()
const provisions = newAdminKey()
const canary = 'globex-canary-bittern'
let served: Served

beforeAll(async () => {
  const adminKeys = [
    { name: 'root', sha256: root.sha256, rights: ['support', 'aggregates'] as const },
    { name: 'second', sha256: second.sha256, rights: ['support'] as const },
    { name: 'provisions', sha256: provisions.sha256, rights: ['tenants', 'keys'] as const },
  ]
  served = await Served.start({ config: { adminKeys }, supportNeedsSecond: true })
  await served.add(await served.key('acme', 'ana'), 'a note of hers')
  await served.add(await served.key('globex', 'ana'), canary)
})
afterAll(() => served[Symbol.asyncDispose]())

const path = '/admin/v1/break-glass'

test('asked for, agreed to by somebody else, used, seen by the tenant, and ended', async () => {
  const asked = { tenant: 'acme', subject: 'ana', reason: 'ticket 12', ttlSeconds: 600 }
  const { status, body } = await served.ask('POST', path, { key: root.key, body: asked })
  expect([status, body.state]).toEqual([201, 'waiting'])
  const memories = `${path}/${body.id}/memories?tenant=acme`
  const refused = async (key: string, at = memories) => {
    const answer = await served.ask('GET', at, { key })
    expect(answer.text).not.toMatch(/note of hers|canary/)
    return [answer.status, answer.body.code]
  }
  const denied = [403, 'ERR_ACCESS_DENIED']
  expect(await refused(root.key)).toEqual(denied)
  const approve = (key: string, reason = 'on the phone') =>
    served.ask('POST', `${path}/${body.id}/approve`, { key, body: { tenant: 'acme', reason } })
  expect((await approve(root.key)).status).toBe(403)
  expect((await approve(second.key)).status).toBe(204)
  expect((await approve(second.key)).status).toBe(409)
  const read = await served.ask('GET', memories, { key: root.key })
  expect([read.status, read.body.items.map(({ content }: { content: string }) => content)]).toEqual([
    200,
    ['a note of hers'],
  ])
  expect(await refused(second.key)).toEqual(denied)
  expect(await refused(root.key, memories.replace('acme', 'globex'))).toEqual(denied)

  await served.keep.sequence()
  const auditor = await served.key('acme', null, ['admin'])
  const ledger = await served.ask('GET', '/v1/audit?actions=support.read&actions=support.approve&limit=100', {
    key: auditor,
  })
  const told = ledger.body.items.map(({ outcome, by, principal, reason, support, intact }: Record<string, unknown>) => {
    return [outcome, by, (principal as { id: string }).id, reason, support === body.id, intact]
  })
  expect(told).toContainEqual(['ok', 'support', 'admin/root', 'ticket 12', true, true])
  expect(told).toContainEqual(['ok', 'support', 'admin/second', 'on the phone', true, true])
  const [shown] = ledger.body.items.filter(
    ({ action, outcome }: Record<string, string>) => action === 'support.read' && outcome === 'ok',
  )
  expect(shown.memories).toEqual([read.body.items[0].id])
  const foreign = await served.ask('GET', '/v1/audit?actions=support.read', {
    key: await served.key('globex', null, ['admin']),
  })
  expect(foreign.body.items.every(({ outcome }: { outcome: string }) => outcome === 'denied')).toBe(true)

  const end = () => served.ask('DELETE', `${path}/${body.id}?tenant=acme&reason=done`, { key: second.key })
  expect([(await end()).status, (await end()).status]).toEqual([204, 404])
  expect(await refused(root.key)).toEqual(denied)
  const listed = await served.ask('GET', `${path}?tenant=acme`, { key: second.key })
  expect(listed.body.accesses).toMatchObject([
    { id: body.id, state: 'ended', principal: 'admin/root', reason: 'ticket 12' },
  ])
})

test('an act of an administrator leaves an event that opens to the name and the reason', async () => {
  const principal = { id: 'p', roles: [] }
  const body = { tenant: 'acme', subject: 'x', principal, reason: 'asked for by mail' }
  await served.ask('POST', '/admin/v1/keys', { key: provisions.key, body })
  await served.keep.sequence()
  const key = await served.key('acme', null, ['admin'])
  const { body: page } = await served.ask('GET', '/v1/audit?actions=key.create&limit=100', { key })
  const told = page.items.map((each: { principal: { id: string }; reason: string; by: string; intact: boolean }) => {
    return [each.principal.id, each.reason, each.by, each.intact]
  })
  expect(told).toContainEqual(['admin/provisions', 'asked for by mail', 'operator', true])
})

test('support makes no key to read with, and whoever makes keys asks for no access: each has the rights of its key alone', async () => {
  const principal = { id: 'p', roles: ['admin'] }
  const made = { tenant: 'globex', subject: null, principal, reason: 'to read around the second person' }
  const asked = { tenant: 'globex', subject: 'ana', reason: 'to read' }
  const policy = { tenant: 'globex', policy: null, reason: 'to read' }
  const refused = [
    await served.ask('POST', '/admin/v1/keys', { key: root.key, body: made }),
    await served.ask('GET', '/admin/v1/keys?tenant=globex', { key: root.key }),
    await served.ask('PUT', '/admin/v1/tenants/policy', { key: root.key, body: policy }),
    await served.ask('POST', path, { key: provisions.key, body: asked }),
    await served.ask('GET', '/admin/v1/aggregates', { key: provisions.key }),
    await served.ask('GET', '/admin/v1/aggregates', { key: second.key }),
  ]
  expect(refused.map(({ status, body }) => [status, body.code])).toEqual(refused.map(() => [403, 'ERR_ACCESS_DENIED']))
  expect((await served.ask('PUT', '/admin/v1/tenants/policy', { key: provisions.key, body: policy })).status).toBe(204)
})

test.each<[string, { rights?: readonly AdminRight[] }]>([
  ['says no rights', {}],
  ['has both', { rights: ['support', 'keys'] }],
])('where a second person is asked for, no server starts with a key that %s', async (_, more) => {
  const adminKeys = [{ name: 'alone', sha256: root.sha256, ...more }]
  await expect(served.another({ adminKeys })).rejects.toMatchObject({
    code: 'ERR_INPUT_INVALID',
    message: expect.stringContaining('adminKeys: alone: '),
  })
})

test('totals tell of nothing while there are few', async () => {
  const { status, body } = await served.ask('GET', '/admin/v1/aggregates', { key: root.key })
  expect([status, body]).toEqual([200, { tenants: null, subjects: null, memories: null, bytes: null }])
})
