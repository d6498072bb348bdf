import { setTimeout as sleep } from 'node:timers/promises'
import { mintGrant } from 'memkeep/trust'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

let served: Served
/** A service that may speak for every subject of its tenant. */
let service: string

beforeAll(async () => {
  served = await Served.start({ freshMs: 0 })
  service = await served.key('acme', null, ['agent'], ['mint'])
})
afterAll(() => served[Symbol.asyncDispose]())

const mint = (key: string, body: object) => served.ask('POST', '/v1/tokens', { key, body })
const events = (action: string) =>
  served.database.query<{ outcome: string; affected: number }>(
    'select outcome, affected from memkeep.event where action = $1 order by recorded_at',
    [action],
  )

test('a service gets a token for one subject, which reaches that subject and ends by itself', async () => {
  const { status, body } = await mint(service, { subject: 'ana', ttlSeconds: 2 })
  expect(status).toBe(201)
  expect(body).toMatchObject({ tokenType: 'Bearer', token: expect.stringMatching(/^mk_/) })
  expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThanOrEqual(2000)
  const id = await served.add(body.token, 'through a token')
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: await served.key('acme', 'ana') })).status).toBe(200)
  const other = (await mint(service, { subject: 'bruno' })).body.token
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: other })).status).toBe(404)
  await sleep(2100)
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: body.token })).status).toBe(401)
  expect((await events('token.mint')).slice(0, 2)).toEqual([
    { outcome: 'ok', affected: 1 },
    { outcome: 'ok', affected: 1 },
  ])
})

test('without the right: 403, and it stands in the ledger', async () => {
  const before = (await events('token.mint')).length
  const plain = await served.key('acme', null, ['agent'])
  expect((await mint(plain, { subject: 'ana' })).body.code).toBe('ERR_ACCESS_DENIED')
  expect((await events('token.mint')).slice(before)).toEqual([{ outcome: 'denied', affected: 0 }])
})

describe('a token is for no more than its maker:', () => {
  test.each([
    ['another role', { subject: 'ana', roles: ['admin'] }],
    ['one role more', { subject: 'ana', roles: ['agent', 'export'] }],
    ['a right that the maker was not given', { subject: 'ana', rights: ['export'] }],
    ['the right to mint', { subject: 'ana', rights: ['mint'] }],
  ])('%s', async (_, body) => {
    expect(await mint(service, body)).toMatchObject({ status: 403, body: { code: 'ERR_ACCESS_DENIED' } })
  })

  test.each([
    ['a longer life than a day', { subject: 'ana', ttlSeconds: 86_401 }],
    ['no life', { subject: 'ana', ttlSeconds: 0 }],
    ['an empty subject', { subject: '' }],
    ['nobody named', {}],
    ['a tenant', { subject: 'ana', tenant: 'globex' }],
  ])('%s', async (_, body) => {
    expect((await mint(service, body)).status).toBe(422)
  })

  test('a credential of one subject mints for that subject', async () => {
    const ana = await served.key('acme', 'ana', ['agent'], ['mint'])
    expect((await mint(ana, { subject: 'ana' })).status).toBe(201)
    for (const subject of ['bruno', null]) expect((await mint(ana, { subject })).status).toBe(403)
  })

  test('a life beyond its maker’s: it ends with it at the latest', async () => {
    const expiresAt = new Date(Date.now() + 600_000)
    const principal = { id: 'ends', roles: ['agent'], rights: ['mint' as const] }
    const grant = mintGrant({ principal: { id: 'op', roles: [] }, rights: ['keys'], reason: 'a test', ttlSeconds: 60 })
    const made = await served.keep
      .privileged(grant)
      .keys.create({ tenant: 'acme', subject: 'ana', principal, expiresAt })
    for (const asked of [{ ttlSeconds: 86_400 }, {}]) {
      const { status, body } = await mint(made.key, { subject: 'ana', ...asked })
      expect(status).toBe(201)
      expect(Date.parse(body.expiresAt)).toBeLessThanOrEqual(expiresAt.getTime())
    }
    const short = await mint(made.key, { subject: 'ana', ttlSeconds: 60 })
    expect(Date.parse(short.body.expiresAt)).toBeLessThanOrEqual(Date.now() + 60_000)
    expect((await mint(made.key, { subject: 'ana', ttlSeconds: 86_401 })).status).toBe(422)
  })

  test('and mints none itself, even when its role may', async () => {
    const admin = await served.key('acme', 'ana', ['admin'])
    const { body } = await mint(admin, { subject: 'ana' })
    expect((await mint(body.token, { subject: 'ana' })).status).toBe(403)
    expect((await served.ask('GET', '/v1/memories', { key: body.token })).status).toBe(200)
  })
})

describe('a token ends with its maker:', () => {
  const mayList = mintGrant({
    principal: { id: 'op', roles: [] },
    rights: ['keys'],
    reason: 'a test',
    ttlSeconds: 600,
  })
  const mintedWith = async (whom: string | null, subject: string) => {
    const made = await served.createKey('acme', whom, ['agent'], ['mint'])
    const { body } = await mint(made.key, { subject })
    const asking = { key: body.token }
    expect((await served.ask('GET', '/v1/memories', asking)).status).toBe(200)
    return { made, asking }
  }

  test.each([
    ['of the tenant', null],
    ['of one subject', 'ana'],
  ])('a key %s that is revoked takes what it made along, and nothing that another made', async (_, whom) => {
    const { made, asking } = await mintedWith(whom, 'ana')
    const others = await mintedWith(whom, 'ana')
    const revoked = async () =>
      (await served.keep.privileged(mayList).keys.list('acme')).filter(({ revokedAt }) => revokedAt !== null).length
    const before = await revoked()
    expect(await served.revoke('acme', made.id)).toBe(true)
    expect(await revoked()).toBe(before + 2)
    expect(await served.ask('GET', '/v1/memories', asking)).toMatchObject({ status: 401 })
    expect((await served.ask('GET', '/v1/memories', others.asking)).status).toBe(200)
  })

  test('a maker that is gone from the directory is none', async () => {
    const { made, asking } = await mintedWith(null, 'ana')
    await served.database.query('delete from memkeep.api_key where id = $1', [made.id])
    expect((await served.ask('GET', '/v1/memories', asking)).status).toBe(401)
  })

  test('one that is made while its maker is revoked, by a process that knows it still, opens nothing', async () => {
    const made = await served.createKey('acme', null, ['agent'], ['mint'])
    const late = await served.another({ rateLimits: { tenantPerMinute: 0, credentialPerMinute: 0 } })
    // This one holds what it found for five seconds, the other server looks each time.
    expect((await served.askAt(late.url, 'GET', '/v1/memories', { key: made.key })).status).toBe(200)
    expect(await served.revoke('acme', made.id)).toBe(true)
    const { status, body } = await served.askAt(late.url, 'POST', '/v1/tokens', {
      key: made.key,
      body: { subject: 'ana' },
    })
    expect(status).toBe(201)
    for (const url of [served.url, late.url])
      expect((await served.askAt(url, 'GET', '/v1/memories', { key: body.token })).status).toBe(401)
    await late.close()
  })
})

test('upkeep removes what ended more than a day ago', async () => {
  await mint(service, { subject: 'ana' })
  const count = async () =>
    (await served.database.query('select from memkeep.api_key where expires_ms is not null')).length
  const before = await count()
  expect(before).toBeGreaterThan(0)
  expect((await served.keep.runUpkeep()).keys).toBe(0)
  await served.database.query(
    'update memkeep.api_key set expires_ms = expires_ms - 3 * 86400000 where expires_ms is not null',
  )
  expect((await served.keep.runUpkeep()).keys).toBe(before)
  expect(await count()).toBe(0)
  expect(await events('key.expire')).toEqual([{ outcome: 'ok', affected: before }])
})
