import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import { postgresTable } from '../../src/connectors/drivers/postgres-table.ts'
import type { ErasureView } from '../../src/index.ts'
import { heldPlace } from '../connectors/held-items.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// Outside stores under an erasure: a real table, one in this process that can be down, and one that knows tenants only.

let isDown = false
/** Adds an item behind the erasure's back so many times, each when it was emptied. */
let refills = 0
const place = heldPlace((right, items): Connector => {
  const unlessDown = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isDown) throw new Error('not there')
    return work()
  }
  return {
    ...right,
    patience: { retries: 0 },
    inventory: (...asked) => unlessDown(() => right.inventory(...asked)),
    verify: (...asked) => unlessDown(() => right.verify(...asked)),
    erase: (...asked) =>
      unlessDown(async () => {
        const removed = await right.erase(...asked)
        if (refills-- > 0) items.push({ ...asked[0], n: 0 })
        return removed
      }),
  }
})
const wide: Connector = { ...heldPlace().connector, name: 'wide', separates: 'tenants' }

// The table lies in the test's own database, which is there only afterwards.
const late: Connector = {
  name: 'crm',
  inventory: (...asked) => table().inventory(...asked),
  erase: (...asked) => table().erase(...asked),
  verify: (...asked) => table().verify(...asked),
}

let store: TestKeep
let pool: pg.Pool
beforeAll(async () => {
  store = await TestKeep.start({ connectors: [place.connector, wide, late] })
  pool = new pg.Pool({ ...store.database.admin, max: 2 })
  await pool.query('create table public.crm (account text, person text, note text)')
})
afterAll(async () => {
  await pool?.end()
  await store?.[Symbol.asyncDispose]()
})
const table = () =>
  postgresTable({ name: 'crm', pool, schema: 'public', table: 'crm', tenantColumn: 'account', subjectColumn: 'person' })

let subject = ''
let made = 0
beforeEach(async () => {
  ;[isDown, refills] = [false, 0]
  subject = `s${made++}`
  for (const [tenant, who] of [
    ['acme', subject],
    ['acme', `${subject}x`],
    ['globex', subject],
  ] as const) {
    await store.memory({ tenant, subject: who }).add('x', { actor: 'user' })
    await place.put({ tenant, subject: who }, 3)
    await pool.query('insert into public.crm values ($1, $2, $3), ($1, $2, $3)', [tenant, who, 'said'])
  }
})

async function begun(): Promise<string> {
  const erasure = await store.keep.eraseSubject(adminOf(subject), { reason: 'request' })
  await (async () => {
    for await (const { step } of erasure) if (step === 'derive') store.clock.advance(300_001)
  })().catch(() => {})
  return erasure.id
}

const view = async (): Promise<ErasureView> => (await store.keep.for(adminOf(subject)).erasures.list())[0]!
const stepOf = async (name: string) => (await view()).steps.find(({ step }) => step === name)
/** As upkeep of any process goes on, until it is done. */
async function upkeep(): Promise<ErasureView> {
  for (let pass = 0; pass < 4; pass++) {
    store.clock.advance(300_001)
    await store.keep.runUpkeep().catch(() => {})
  }
  return view()
}
const left = async (tenant: string, who: string) => [
  (await place.read({ tenant, subject: who })).length,
  (await pool.query('select 1 from public.crm where account = $1 and person = $2', [tenant, who])).rowCount,
]

test('one that is down keeps the erasure open and is named; the others are emptied; when it is back, it ends', async () => {
  isDown = true
  await begun()
  expect(await view()).toMatchObject({ state: 'open', report: null })
  expect((await stepOf('enumerate'))!.notes).toMatchObject({
    plan: { targets: { connectors: { 'connector.held': null, 'connector.crm': 2 } } },
  })
  const derive = (await stepOf('derive'))!
  expect(derive.endedAt).toBeNull()
  expect(derive.notes.why).toContain('held cannot be emptied now')
  expect(derive.notes.why).not.toMatch(/crm|wide|acme|not there/)
  expect(await left('acme', subject)).toEqual([3, 0])
  expect(await upkeep()).toMatchObject({ state: 'open', report: null })

  isDown = false
  const { state, report } = await upkeep()
  expect(state).toBe('done')
  const counts = Object.fromEntries(report!.stores.map(({ name, deleted, remaining }) => [name, [deleted, remaining]]))
  expect(counts['connector.held']).toEqual([3, 0])
  // It was emptied at the first try, while the other was down.
  expect(counts['connector.crm']).toEqual([2, 0])
  expect(report!.notCovered.map(({ what }) => what)).toContain(
    'wide: it knows tenants only, so the items of one subject stay',
  )
  expect(await left('acme', subject)).toEqual([0, 0])
  for (const [tenant, who] of [
    ['acme', `${subject}x`],
    ['globex', subject],
  ] as const) {
    expect(await left(tenant, who), `${tenant} ${who}`).toEqual([3, 2])
  }
}, 60_000)

test('one that was filled behind the deletion is emptied again, and that is counted', async () => {
  refills = 1
  const report = await finished(store, await store.keep.eraseSubject(adminOf(subject), { reason: 'request' }))
  expect((await stepOf('derive'))!.notes).toMatchObject({ deleted: { 'connector.held': 3 } })
  expect(report.stores).toContainEqual({ name: 'connector.held', deleted: 4, remaining: 0 })
  expect(report.stores).toContainEqual({ name: 'connector.crm', deleted: 2, remaining: 0 })
  expect(await left('acme', subject)).toEqual([0, 0])
}, 60_000)

test.each(['derive', 'verify'])(
  'what was removed counts where %s is broken off behind it',
  async (step) => {
    refills = step === 'verify' ? 1 : 0
    let breaks = 1
    const dying = await store.open({
      connectors: [place.connector, wide, late],
      upkeep: { ...store.database.upkeep, max: 1 },
      seams: {
        clock: store.clock,
        reach: (point) => {
          if (point === `erasure.${step}.done` && breaks-- > 0) throw new Error('killed')
        },
      },
    })
    const erasure = await dying.eraseSubject(adminOf(subject), { reason: 'request' })
    const told = (async () => {
      for await (const { step: ended } of erasure) if (ended === 'derive') store.clock.advance(300_001)
    })()
    await expect(told).rejects.toThrow('killed')
    expect(await left('acme', subject)).toEqual([0, 0])
    const { state, report } = await upkeep()
    expect(state).toBe('done')
    const counts = Object.fromEntries(report!.stores.map(({ name, deleted }) => [name, deleted]))
    expect(counts).toMatchObject({ 'connector.held': step === 'verify' ? 4 : 3, 'connector.crm': 2 })
  },
  60_000,
)

test('one that holds something again each time keeps it open, and is named', async () => {
  refills = Number.POSITIVE_INFINITY
  await begun()
  await upkeep()
  expect(await view()).toMatchObject({ state: 'open', report: null })
  expect((await stepOf('verify'))!.notes.why).toContain('something is left in connector.held')
}, 60_000)
