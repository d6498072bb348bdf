import { afterEach, beforeEach, expect, test } from 'vitest'
import { mintTenantScope } from '../../src/trust.ts'
import { adminOf, adminOfTenant, finished, grantOf } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
})
afterEach(() => store[Symbol.asyncDispose]())

const refused = (code: string) => expect.objectContaining({ code })
const whole = { reason: 'contract-end', confirm: 'acme' } as const

async function fill(tenant: string, subjects: number): Promise<void> {
  for (let number = 0; number < subjects; number++) {
    const memory = store.memory({ tenant, subject: `s${number}` })
    const { id } = await memory.add(`of ${number}`, { actor: 'user', idempotencyKey: 'k' })
    await memory.update(id, { content: 'revised' }, { actor: 'user' })
  }
  await store.common({ tenant, rights: ['common'] }).add('of all', { actor: 'user' })
}

async function rowsOf(tenant: Buffer, but: readonly string[]): Promise<Record<string, unknown>> {
  const tables = ['tenant', 'shelf', 'memory', 'memory_version', 'removal', 'request', 'api_key', 'hold']
  const found: Record<string, unknown> = {}
  for (const table of tables.filter((name) => !but.includes(name))) {
    const text = `select count(*)::int as n, md5(string_agg(t::text, ',' order by t::text)) as digest from memkeep.${table} t where tenant = $1`
    ;[found[table]] = await store.database.query(text, [tenant])
  }
  return found
}

const tagOf = async (name: string) => {
  const [row] = await store.database.query<{ tenant: Buffer }>(
    'select tenant from memkeep.tenant order by created_ms, ctid offset $1 limit 1',
    [name === 'acme' ? 0 : 1],
  )
  return row!.tenant
}

test('a tenant goes with every subject, its common memories, keys and name; the neighbour keeps every byte', async () => {
  await fill('acme', 205)
  await fill('globex', 2)
  const [acme, globex] = [await tagOf('acme'), await tagOf('globex')]
  const before = await rowsOf(globex, [])
  const report = await finished(store, await store.keep.eraseTenant(adminOfTenant(), whole))
  expect(await rowsOf(globex, [])).toEqual(before)
  for (const [table, row] of Object.entries(await rowsOf(acme, ['tenant']))) expect(row, table).toMatchObject({ n: 0 })
  const bar = 'select state, octet_length(name) as name, policy from memkeep.tenant where tenant = $1'
  expect(await store.database.query(bar, [acme])).toEqual([{ state: 1, name: 0, policy: null }])
  expect(report.stores.find(({ name }) => name === 'memory')).toMatchObject({ deleted: 206, remaining: 0 })
  const { keyStore } = keysAt(store.keyDir)
  const left = await keyStore.list('')
  expect(left.filter((name) => name.includes(acme.toString('hex')))).toEqual([
    `tenant/${acme.toString('hex')}/erased/1`,
  ])
  expect((await store.memory({ tenant: 'globex', subject: 's1' }).list()).items).toHaveLength(2)
}, 300_000)

test('it stays barred in every process, is listed as erased, and begins anew when it is reopened', async () => {
  await fill('acme', 2)
  const elsewhere = await store.open({ limits: { disclosure: { memories: 100, perSeconds: 86_400 } } })
  await store.memory({ subject: 's1' }, elsewhere).search('of')
  await store.memory({ tenant: 'globex', subject: 's1' }, elsewhere).list()
  await store.memory({ tenant: 'globex', subject: 's1' }, elsewhere).get('01890000-0000-7000-8000-000000000000')
  const shown = () => store.database.query('select tenant from memkeep.disclosed order by tenant')
  const [acme, globex] = [await tagOf('acme'), await tagOf('globex')]
  expect(await shown()).toEqual([acme, globex].sort(Buffer.compare).map((tenant) => ({ tenant })))
  const erasure = await store.keep.eraseTenant(adminOfTenant(), whole)
  const { stores } = await finished(store, erasure)
  // What its principals were shown goes with it.
  expect(stores.find(({ name }) => name === 'disclosed')).toMatchObject({ deleted: 1, remaining: 0 })
  expect(await shown()).toEqual([{ tenant: globex }])
  for (const keep of [store.keep, elsewhere]) {
    const memory = store.memory({ subject: 's1' }, keep)
    await expect(memory.add('x', { actor: 'user' })).rejects.toEqual(refused('ERR_SCOPE_BARRED'))
    await expect(memory.search('of')).rejects.toEqual(refused('ERR_SCOPE_BARRED'))
  }
  await expect(store.privileged().tenants.create('acme')).rejects.toEqual(refused('ERR_SCOPE_BARRED'))
  const { items } = await store.privileged().tenants.list()
  expect(items.filter(({ state }) => state === 'barred').map(({ tenant }) => tenant)).toEqual([
    expect.stringMatching(/^erased:[0-9a-f]{32}$/),
  ])
  expect(await store.keep.for(adminOfTenant()).erasures.show(erasure.id)).toMatchObject({ state: 'done' })
  const agents = mintTenantScope({ tenant: 'acme', principal: { id: 'svc', roles: ['agent'] } })
  await expect(store.keep.for(agents).erasures.list()).rejects.toEqual(refused('ERR_ACCESS_DENIED'))

  await store.privileged().tenants.reopen('acme')
  for (const [number, keep] of [store.keep, elsewhere].entries()) {
    const memory = store.memory({ subject: 's1' }, keep)
    await memory.add(`anew ${number}`, { actor: 'user' })
  }
  const anew = (await store.memory({ subject: 's1' }).list()).items.map(({ content }) => content)
  expect(anew.sort()).toEqual(['anew 0', 'anew 1'])
  expect((await store.privileged().tenants.list()).items.map(({ tenant }) => tenant).sort()).toEqual(['acme', 'globex'])
})

test('which of the two is always said, and the tenant is named twice', async () => {
  await fill('acme', 1)
  const refusals = [
    { reason: 'test' },
    { reason: 'test', confirm: 'globex' },
    { confirm: 'acme' },
    { ...whole, after: 'bar' },
  ]
  for (const wrong of refusals) {
    await expect(store.keep.eraseTenant(adminOfTenant(), wrong as never)).rejects.toEqual(refused('ERR_INPUT_INVALID'))
  }
  await expect(store.keep.eraseTenant(adminOf('s0') as never, whole)).rejects.toEqual(refused('ERR_SCOPE_REQUIRED'))
  await expect(store.keep.eraseSubject(adminOfTenant() as never, { reason: 'test' })).rejects.toEqual(
    refused('ERR_SCOPE_REQUIRED'),
  )
  const eraser = mintTenantScope({ tenant: 'acme', principal: { id: 'x', roles: [], rights: ['erase'] } })
  await expect(store.keep.eraseTenant(eraser, whole)).rejects.toEqual(refused('ERR_ACCESS_DENIED'))
  await store.memory({ subject: 's0' }).add('still here', { actor: 'user' })
})

test('a hold on one subject refuses its whole tenant', async () => {
  await fill('acme', 1)
  const { holds } = store.keep.privileged(grantOf('holds'))
  await holds.place({ tenant: 'acme', subject: 's0', reason: 'case 7' })
  await expect(store.keep.eraseTenant(adminOfTenant(), whole)).rejects.toThrow(/legal hold/)
  const operator = store.keep.privileged(grantOf('erase')).erasures
  await expect(operator.eraseTenant('acme', whole)).rejects.toThrow(/legal hold/)
  await expect(store.privileged().tenants.reopen('acme')).rejects.toEqual(refused('ERR_INPUT_INVALID'))
})
