import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

function totals(rights: ('aggregates' | 'tenants')[] = ['aggregates']) {
  const principal = { id: 'analyst', roles: [] }
  const grant = mintGrant({ principal, rights, reason: 'capacity', ttlSeconds: 600 })
  return store.keep.privileged(grant).aggregates.totals()
}

const nothing = { tenants: null, subjects: null, memories: null, bytes: null }

/** So many memories of one subject, in one commit. */
async function fill(tenant: string, memories: number) {
  const inputs = Array.from({ length: memories }, (_, n) => ({ content: `note ${n}`, actor: 'user' as const }))
  await store.memory({ tenant }).addMany(inputs)
}

test('below ten tenants every number is null, however many there are; from ten on they are rounded sums', async () => {
  // acme and globex are there, and six more: two short of ten.
  for (let n = 0; n < 6; n++) await store.createTenant(`t${n}`)
  expect(await totals()).toEqual(nothing)
  await store.createTenant('t6')
  expect(await totals()).toEqual(nothing)
  await store.createTenant('t7')
  expect(await totals()).toEqual({ ...nothing, tenants: 10 })
  // Nine of the ten hold something: of what they hold nothing is told.
  for (let n = 0; n < 8; n++) await fill(`t${n}`, 13)
  await fill('acme', 13)
  expect(await totals()).toEqual({ ...nothing, tenants: 10 })
  await fill('globex', 13)
  const { bytes, ...told } = await totals()
  expect(told).toEqual({ tenants: 10, subjects: 10, memories: 130 })
  const [row] = await store.database.query<{ n: string }>('select sum(bytes) as n from memkeep.shelf')
  const digits = row!.n.length - 2
  expect(bytes).toBe(Math.floor(Number(row!.n) / 10 ** digits) * 10 ** digits)
})

test('one more memory changes no number, and a tenant that holds more than half of one hides it', async () => {
  const before = await totals()
  await fill('t0', 1)
  expect(await totals()).toEqual({ ...before, bytes: expect.any(Number) })
  await fill('t0', 200)
  expect(await totals()).toEqual({ ...nothing, tenants: 10, subjects: 10 })
})

test('needs its right, and stands in the ledger of the deployment, without a number', async () => {
  expect(await codeOf(totals(['tenants']))).toBe('ERR_ACCESS_DENIED')
  const rows = await store.database.query(
    "select outcome, affected, memories from memkeep.event where action = 'aggregate.read' order by recorded_at desc limit 2",
  )
  expect(rows).toEqual([
    { outcome: 'denied', affected: 0, memories: [] },
    { outcome: 'ok', affected: 0, memories: [] },
  ])
})
