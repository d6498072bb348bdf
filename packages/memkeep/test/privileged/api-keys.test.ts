import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Grant } from '../../src/core/grant.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

type Right = Parameters<typeof mintGrant>[0]['rights'][number]
const grant = (...rights: Right[]): Grant =>
  mintGrant({ principal: { id: 'operator', roles: [] }, rights, reason: 'a test', ttlSeconds: 600 })
const keys = (...rights: Right[]) => store.keep.privileged(grant(...rights)).keys
const both = () => keys('keys', 'authenticate')
const later = (days: number) => new Date(Date.now() + days * 86_400_000)
const mine = () =>
  both().create({ tenant: 'acme', subject: 'eve', principal: { id: 'eve', roles: ['agent'] }, expiresAt: later(1) })
const victims = () =>
  both().create({ tenant: 'globex', subject: null, principal: { id: 'root', roles: ['admin'] }, expiresAt: later(9) })

describe('a database administrator who holds one key of his own', () => {
  test('the control: both keys are found, listed and stand for what they were made for', async () => {
    const [own, theirs] = [await mine(), await victims()]
    expect(await both().find(own.key)).toMatchObject({ id: own.id, tenant: 'acme', subject: 'eve' })
    expect(await both().find(theirs.key)).toMatchObject({ id: theirs.id, tenant: 'globex', subject: null })
    const endless = await both().create({ tenant: 'acme', subject: 'x', principal: { id: 'p', roles: [] } })
    expect(await both().find(endless.key)).toMatchObject({ id: endless.id, expiresAt: null })
    expect((await both().list('acme')).map(({ id }) => id).slice(0, 2)).toEqual([endless.id, own.id])
  })

  test('does not open another credential with it by moving its lookup tag', async () => {
    const [own, theirs] = [await mine(), await victims()]
    const [row] = await store.database.query<{ lookup: Buffer }>(
      'delete from memkeep.api_key where id = $1 returning lookup',
      [own.id],
    )
    expect(await both().find(own.key)).toBeNull()
    await store.database.query('update memkeep.api_key set lookup = $1 where id = $2', [row!.lookup, theirs.id])
    expect(await codeOf(both().find(own.key))).toBe('ERR_SEAL_BROKEN')
    expect(await codeOf(both().list('globex'))).toBe('ERR_SEAL_BROKEN')
    await store.database.query('delete from memkeep.api_key where id = $1', [theirs.id])
  })

  test.each([
    [
      'its tenant',
      'tenant = (select tenant from memkeep.api_key where tenant <> (select tenant from memkeep.api_key where id = $1) limit 1)',
    ],
    ['a later end', 'expires_ms = expires_ms + 1'],
    ['no end', 'expires_ms = null'],
    ['another id', 'id = gen_random_uuid()'],
  ])('does not give it %s', async (_, change) => {
    await victims()
    const { id, key } = await mine()
    expect(await both().find(key)).toMatchObject({ id })
    const [row] = await store.database.query<{ lookup: Buffer }>(
      `update memkeep.api_key set ${change} where id = $1 returning lookup`,
      [id],
    )
    expect(await codeOf(both().find(key))).toBe('ERR_SEAL_BROKEN')
    await store.database.query('delete from memkeep.api_key where lookup = $1', [row!.lookup])
  })
})

describe('create', () => {
  const input = (tenant: string) => ({ tenant, subject: null, principal: { id: 'p', roles: [] } })
  const tenants = (...rights: Right[]) => store.keep.privileged(grant(...rights)).tenants

  test('for a tenant whose keys exist but whose row does not: unknown', async () => {
    await tenants('tenants').create('rowless')
    await store.database.query(
      "delete from memkeep.tenant where tenant = (select tenant from memkeep.event where action = 'tenant.create' order by recorded_at desc limit 1)",
    )
    expect(await codeOf(keys('keys').create(input('rowless')))).toBe('ERR_TENANT_UNKNOWN')
    expect(
      await store.database.query("select from memkeep.event where action = 'key.create' and outcome = 'unknown'"),
    ).toHaveLength(1)
    expect(await codeOf(keys('keys').create(input('never there')))).toBe('ERR_TENANT_UNKNOWN')
  })

  test('for a barred tenant: barred', async () => {
    await tenants('tenants').create('barred one')
    await store.database.query(
      "update memkeep.tenant set state = 1 where tenant = (select tenant from memkeep.event where action = 'tenant.create' order by recorded_at desc limit 1)",
    )
    expect(await codeOf(keys('keys').create(input('barred one')))).toBe('ERR_SCOPE_BARRED')
  })

  test('without the right it is refused and recorded, tells no tenant, and leaves no key record', async () => {
    const refused = async () =>
      (await store.database.query<{ action: string }>("select action from memkeep.event where outcome = 'denied'"))
        .length
    const records = () => readdirSync(store.keyDir, { recursive: true }).toSorted()
    const [recordsBefore, refusedBefore] = [records(), await refused()]
    expect(recordsBefore.length).toBeGreaterThan(0)
    expect(await codeOf(tenants('keys').create('ghost'))).toBe('ERR_ACCESS_DENIED')
    for (const tenant of ['ghost', 'acme']) {
      expect(await codeOf(keys('tenants').create(input(tenant)))).toBe('ERR_ACCESS_DENIED')
      expect(await codeOf(keys('authenticate').list(tenant))).toBe('ERR_ACCESS_DENIED')
      const other = tenants('keys')
      expect(await codeOf(other.quota(tenant))).toBe('ERR_ACCESS_DENIED')
      expect(await codeOf(other.disclosure(tenant))).toBe('ERR_ACCESS_DENIED')
      expect(await codeOf(other.setPolicy(tenant, null))).toBe('ERR_ACCESS_DENIED')
      expect(await codeOf(other.setQuota(tenant, null))).toBe('ERR_ACCESS_DENIED')
      expect(await codeOf(other.setScreening(tenant, null))).toBe('ERR_ACCESS_DENIED')
      expect(await codeOf(other.setDisclosure(tenant, null))).toBe('ERR_ACCESS_DENIED')
    }
    expect(records()).toEqual(recordsBefore)
    expect(await refused()).toBe(refusedBefore + 5 + 2 * 6)
  })
})
