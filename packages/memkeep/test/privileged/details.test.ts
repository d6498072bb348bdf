import { afterAll, beforeAll, expect, test } from 'vitest'
import { detailContext } from '../../src/audit/detail.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import type { TenantKeys } from '../../src/keys/tenant-keys.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let ring: Keyring
beforeAll(async () => {
  store = await TestKeep.start()
  const { keys, keyStore } = keysAt(store.keyDir)
  ring = new Keyring({ provider: keys, store: keyStore, clock: systemClock, reach: () => {} })
})
afterAll(async () => {
  ring?.close()
  await store?.[Symbol.asyncDispose]()
})

interface EventRow {
  readonly id: string
  readonly detail: Buffer
}

/** The events of one tenant's (or the deployment's) privileged acts, oldest first. */
const eventsOf = (keys: TenantKeys, action: string) =>
  store.database.query<EventRow>(
    'select id, detail from memkeep.event where tenant = $1 and action = $2 order by recorded_at, id',
    [keys.tag, action],
  )

async function reasonIn(keys: TenantKeys, { id, detail }: EventRow): Promise<string> {
  const opened = (await keys.own()).open('audit', detail.subarray(5), detailContext(id))
  return JSON.parse(opened.toString('utf8')).reason
}

test('a detail tells why its event was done; moved to another event of the tenant it does not open', async () => {
  const acting = (reason: string) =>
    store.keep.privileged(
      mintGrant({
        principal: { id: 'operator', roles: [] },
        rights: ['tenants', 'keys', 'authenticate'],
        reason,
        ttlSeconds: 600,
      }),
    )
  for (const reason of ['first', 'second']) {
    const { keys, tenants } = acting(reason)
    const { id } = await keys.create({ tenant: 'acme', subject: null, principal: { id: 'p', roles: [] } })
    await keys.list('acme')
    await keys.revoke('acme', id)
    await keys.find('no such key')
    await tenants.create('acme')
    await tenants.list()
    await tenants.setPolicy('acme', null)
  }
  const [tenant, deployment] = [await ring.tenant('acme'), await ring.deployment()]
  for (const [keys, action] of [
    [tenant, 'key.create'],
    [tenant, 'key.list'],
    [tenant, 'key.revoke'],
    [tenant, 'tenant.create'],
    [tenant, 'tenant.enter'],
    [tenant, 'tenant.policy'],
    [deployment, 'key.find'],
    [deployment, 'tenant.list'],
  ] as const) {
    const [one, other] = (await eventsOf(keys, action)).slice(-2)
    expect(await reasonIn(keys, one!), action).toBe('first')
    expect(await reasonIn(keys, other!), action).toBe('second')
    await store.database.query(
      'update memkeep.event a set detail = b.detail from memkeep.event b where a.tenant = $1 and b.tenant = $1 and (a.id, b.id) in (($2, $3), ($3, $2))',
      [keys.tag, one!.id, other!.id],
    )
    const swapped = (await eventsOf(keys, action)).slice(-2)
    expect(swapped.map(({ detail }) => detail)).toEqual([other!.detail, one!.detail])
    for (const event of swapped) expect(await codeOf(reasonIn(keys, event)), action).toBe('ERR_SEAL_BROKEN')
  }
})
