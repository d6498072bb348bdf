import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { GrantRight } from '../../src/core/grant.ts'
import type { Keep } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'
import { TornLine } from '../support/torn-line.ts'

let store: TestKeep
let line: TornLine
let keep: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  line = await TornLine.to(store.database.app)
  keep = await store.open({ database: { ...line.settings, max: 2 } })
})
afterAll(async () => {
  await keep?.close()
  await line?.close()
  await store?.[Symbol.asyncDispose]()
})
afterEach(() => line.disarm())

const acting = (...rights: GrantRight[]) =>
  keep.privileged(mintGrant({ principal: { id: 'operator', roles: [] }, rights, reason: 'a test', ttlSeconds: 600 }))
const input = { tenant: 'acme', subject: null, principal: { id: 'p', roles: [] } }
const number = async (table: string) => (await store.database.query(`select from memkeep.${table}`)).length

describe.each(['request', 'answer'] as const)('the connection is lost with the %s', (tear) => {
  test('a key is made once, revoked once, and said so', async () => {
    const { keys } = acting('keys', 'authenticate')
    const before = await number('api_key')
    line.arm('create_key', tear)
    const { id, key } = await keys.create(input)
    expect(await number('api_key')).toBe(before + 1)
    expect(await keys.find(key)).toMatchObject({ id, tenant: 'acme' })
    line.arm('revoke_key', tear)
    expect(await keys.revoke('acme', id)).toBe(true)
    line.arm('revoke_key', tear)
    expect(await keys.revoke('acme', id)).toBe(false)
    expect(await keys.find(key)).toBeNull()
  })

  test('a refusal stays the refusal that it was', async () => {
    line.arm('create_key', tear)
    expect(await codeOf(acting('tenants').keys.create(input))).toBe('ERR_ACCESS_DENIED')
    line.arm('create_tenant', tear)
    expect(await codeOf(acting('keys').tenants.create('new'))).toBe('ERR_ACCESS_DENIED')
    line.arm('create_tenant', tear)
    expect(await acting('tenants').tenants.create('acme')).toEqual({ tenant: 'acme', created: false })
    line.arm('set_policy', tear)
    expect(await codeOf(acting('keys').tenants.setPolicy('acme', {}))).toBe('ERR_ACCESS_DENIED')
  })

  test('a policy is set once', async () => {
    const torn = line.torn
    const version = async () =>
      (await store.database.query<{ v: number }>('select sum(policy_version)::int as v from memkeep.tenant'))[0]!.v
    const before = await version()
    line.arm('set_policy', tear)
    await acting('tenants').tenants.setPolicy('globex', null)
    expect(line.torn).toBe(torn + 1)
    expect(await version()).toBe(before + 1)
  })
})
