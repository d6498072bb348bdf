import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Audit } from '../../src/index.ts'
import { type GrantRight, mintGrant, mintScope } from '../../src/trust.ts'
import { verifyLedger, verifyProof } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOfTenant, finished } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// The logs that no scope opens: of the deployment's own acts, and of tenants that were erased.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

const granted = (rights: GrantRight[] = ['ledger'], principal = 'inspector') =>
  mintGrant({ principal: { id: principal, roles: [] }, rights, reason: 'the yearly audit', ttlSeconds: 600 })
const ledger = (tenant?: string) => store.keep.ledger(granted(), tenant === undefined ? {} : { tenant })

async function exported(audit: Audit): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of audit.export()) files.set(path, bytes)
  return files
}

test('the deployment’s own acts are listed with who and why, proved, opened and exported', async () => {
  await store.privileged().tenants.list()
  await store.keep.sequence()
  const own = ledger()
  const { items } = await own.list({ limit: 100 })
  const byAction = new Map(items.map((item) => [item.action, item]))
  expect(byAction.get('deployment.policy')).toMatchObject({ by: 'kernel', intact: true, index: expect.any(Number) })
  const act = byAction.get('tenant.list')!
  expect(act).toMatchObject({ by: 'operator', principal: { id: 'operator' }, reason: 'a test', intact: true })
  expect(items.filter(({ intact }) => intact === false)).toEqual([])
  const { key } = (await own.checkpoint())!
  const { file } = (await own.proof(act.id))!
  const opening = (await own.opening(act.id))!
  const { leaf, details } = await verifyProof(file, key, { opening })
  expect(leaf).toMatchObject({ op: 'tenant.list', actorClass: 'operator', outcome: 'ok' })
  expect(JSON.parse(Buffer.from(details![0]!).toString()).detail).toMatchObject({
    principal: 'operator',
    reason: 'a test',
  })
  const report = await verifyLedger(bundleOf(await exported(own)), { key })
  expect(report.size).toBeGreaterThan(2)
  // To look is an act itself, under the grant's reason.
  await store.keep.sequence()
  const looks = (await own.list({ actions: ['ledger.list', 'ledger.export', 'ledger.checkpoint', 'ledger.proof'] }))
    .items
  expect(new Set(looks.map(({ action }) => action)).size).toBe(4)
  for (const look of looks)
    expect(look).toMatchObject({ by: 'operator', principal: { id: 'inspector' }, reason: 'the yearly audit' })
  expect(looks.filter(({ intact }) => intact === true).length).toBeGreaterThan(3)
})

test('without the right nothing is told, and that stands in the deployment’s ledger', async () => {
  await store.memory().add('of acme', { actor: 'user' })
  await store.keep.sequence()
  for (const rights of [['tenants'], ['aggregates', 'erase', 'keys']] satisfies GrantRight[][]) {
    const prying = (tenant?: string) =>
      store.keep.ledger(granted(rights, 'prying'), tenant === undefined ? {} : { tenant })
    for (const of of [undefined, 'acme', 'nobody']) {
      for (const call of [
        () => prying(of).list(),
        () => prying(of).checkpoint(),
        () => exported(prying(of)),
        () => prying(of).proof('00000000-0000-7000-8000-000000000000'),
      ])
        expect(await codeOf(call)).toBe('ERR_ACCESS_DENIED')
    }
  }
  const denied = (await ledger().list({ limit: 100 })).items.filter(({ principal }) => principal?.id === 'prying')
  expect(denied).toHaveLength(24)
  expect(new Set(denied.map(({ outcome }) => outcome))).toEqual(new Set(['denied']))
  const rights = ['ledger'] as never
  expect(
    await codeOf(() => mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'x', roles: [], rights } })),
  ).not.toBe('none')
})

test('a tenant that stands shows its own log, and the attempt', async () => {
  for (const call of [() => ledger('acme').list(), () => ledger('acme').checkpoint(), () => exported(ledger('acme'))])
    expect(await codeOf(call)).toBe('ERR_ACCESS_DENIED')
  const { audit } = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  const { items } = await audit.list({ actions: ['ledger.list', 'ledger.checkpoint', 'ledger.export'] })
  expect(items.map(({ outcome, by, principal }) => [outcome, by, principal?.id])).toEqual(
    Array(3).fill(['denied', 'operator', 'inspector']),
  )
})

test('a tenant that stands under a policy of its own is denied as any other', async () => {
  await store.createTenant('initech')
  await store.privileged().tenants.setPolicy('initech', {})
  for (const call of [() => ledger('initech').list(), () => exported(ledger('initech'))])
    expect(await codeOf(call)).toBe('ERR_ACCESS_DENIED')
  const { audit } = store.wide({ tenant: 'initech', principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  const { items } = await audit.list({ actions: ['ledger.list', 'ledger.checkpoint', 'ledger.export'] })
  expect(items.map(({ outcome }) => outcome)).toEqual(['denied', 'denied'])
})

test('an erased tenant’s log is exported and proved, with the key that was published while it stood', {
  timeout: 60_000,
}, async () => {
  const tenant = 'globex'
  const wide = () => store.wide({ tenant, principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }).audit
  await store.memory({ tenant }).add('of globex', { actor: 'user' })
  await store.keep.sequence()
  const { key, checkpoint } = (await wide().checkpoint())!
  await finished(
    store,
    await store.keep.eraseTenant(adminOfTenant(tenant), { confirm: tenant, reason: 'contract-end' }),
  )
  await store.keep.sequence()
  expect(await codeOf(wide().checkpoint())).toBe('ERR_SCOPE_BARRED')
  const report = await verifyLedger(bundleOf(await exported(ledger(tenant))), { key, heads: [checkpoint] })
  expect(report.origin).toBe(key.slice(0, key.indexOf('+')))
  const { items } = await ledger(tenant).list({ limit: 100 })
  const attested = items.find(({ action }) => action === 'erasure.attested')!
  const written = items.find(({ action }) => action === 'memory.add')!
  expect(attested).toMatchObject({ intact: true, by: 'upkeep' })
  expect(written).toMatchObject({ intact: null, principal: null })
  for (const { id } of [attested, written]) await verifyProof((await ledger(tenant).proof(id))!.file, key)
  expect(await ledger(tenant).opening(attested.id)).not.toBeNull()
  expect(await ledger(tenant).opening(written.id)).toBeNull()
})
