import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import type { RunningErasure } from '../../src/index.ts'
import { verifyAttestation } from '../../src/verify.ts'
import { heldPlace } from '../connectors/held-items.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, adminOfTenant, grantOf } from '../support/erasing.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { TestKeep } from '../support/test-keep.ts'

// An outside store was down when the database was lost: the backup of before knows nothing of the erasure. The guard repeats it, and it is not done
// before that store was emptied.

let isDown = false
let asked = 0
const place = heldPlace((right): Connector => {
  const unlessDown = async <T>(work: () => Promise<T>): Promise<T> => {
    asked++
    if (isDown) throw new Error('not there')
    return work()
  }
  return {
    ...right,
    patience: { retries: 0 },
    inventory: (...scope) => unlessDown(() => right.inventory(...scope)),
    verify: (...scope) => unlessDown(() => right.verify(...scope)),
    erase: (...scope) => unlessDown(() => right.erase(...scope)),
  }
})

let store: TestKeep
const erasureLedger = ledgerBeside(() => store)
const options = { erasureLedger, connectors: [place.connector] }

beforeEach(async () => {
  store = undefined!
  isDown = false
  store = await TestKeep.start(options)
})
afterEach(() => store[Symbol.asyncDispose]())

const saved = ['tenant', 'shelf', 'memory', 'erasure', 'erasure_step', 'erasure_guard']
async function backUp(): Promise<void> {
  await store.database.query('create schema saved')
  for (const table of saved) await store.database.query(`create table saved.${table} as table memkeep.${table}`)
}
async function restore(): Promise<void> {
  for (const table of saved) {
    await store.database.query(`delete from memkeep.${table}`)
    await store.database.query(`insert into memkeep.${table} select * from saved.${table}`)
  }
}

const held = async (subject: string) => (await place.read({ tenant: 'acme', subject })).length
const erasures = () => store.keep.privileged(grantOf('erase')).erasures
async function upkeep(): Promise<void> {
  for (let pass = 0; pass < 4; pass++) {
    store.clock.advance(300_001)
    await store.keep.runUpkeep().catch(() => {})
  }
}
/** To its end, which upkeep brings: time passes, and its event gets its place. */
async function follow(erasure: RunningErasure): Promise<void> {
  for await (const { step } of erasure) if (step === 'derive') break
  await upkeep()
}
async function say(subject: string): Promise<void> {
  await store.memory({ subject }).add('said', { actor: 'user' })
  await place.put({ tenant: 'acme', subject }, 3)
}

test('the restored shelf says whose it is: the store is named while it is down, and emptied when it is back', async () => {
  for (const subject of ['ana', 'anabel']) await say(subject)
  await backUp()
  isDown = true
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  await erasure.done.catch(() => {})
  await restore()
  asked = 0
  const guarded = await store.open(options)
  // No process waits for that store to open.
  expect(asked).toBe(0)
  expect(await codeOf(store.memory({}, guarded).list())).toBe('ERR_SCOPE_BARRED')
  expect(await held('ana')).toBe(3)
  await upkeep()
  const open = await erasures().show(erasure.id)
  expect(open).toMatchObject({ state: 'open', report: null })
  expect(open!.steps.at(-1)!.notes.why).toContain('held cannot be emptied now')
  // The plan was made without asking it, and names it: nor does a process end it that does not know that store.
  expect(open!.steps.find(({ step }) => step === 'enumerate')!.notes).toMatchObject({
    plan: { targets: { connectors: { 'connector.held': null } } },
  })
  isDown = false
  await upkeep()
  const { state, report } = (await erasures().show(erasure.id))!
  expect(state).toBe('done')
  expect(report!.stores).toContainEqual({ name: 'connector.held', deleted: 3, remaining: 0 })
  await verifyAttestation(report!.attestation, { scope: { tenant: 'acme', subject: 'ana', salt: report!.salt } })
  expect([await held('ana'), await held('anabel')]).toEqual([0, 3])
}, 120_000)

test('where nothing says whose it is, it waits for whoever knows, and takes nobody else’s word', async () => {
  // His shelf is of after the backup.
  await backUp()
  await say('ben')
  isDown = true
  const erasure = await store.keep.eraseSubject(adminOf('ben'), { reason: 'request' })
  await erasure.done.catch(() => {})
  await restore()
  isDown = false
  await store.open(options)
  await upkeep()
  const open = await erasures().show(erasure.id)
  expect(open).toMatchObject({ state: 'open', report: null })
  expect(open!.steps.at(-1)!.notes.why).toMatch(/held go by ids.*resume it with whom it is of/)
  for (const wrong of [
    { tenant: 'acme', subject: 'ana' },
    { tenant: 'globex', subject: 'ben' },
    { tenant: 'acme', subject: null },
  ]) {
    expect(await codeOf(erasures().resume(erasure.id, wrong))).toBe('ERR_INPUT_INVALID')
  }
  expect(await held('ben')).toBe(3)
  await follow(await erasures().resume(erasure.id, { tenant: 'acme', subject: 'ben' }))
  expect(await erasures().show(erasure.id)).toMatchObject({ state: 'done' })
  expect(await held('ben')).toBe(0)
}, 120_000)

test('a whole tenant, whose name went with its keys', async () => {
  await say('ana')
  await backUp()
  isDown = true
  const whole = { reason: 'contract-end', confirm: 'acme' } as const
  const erasure = await store.keep.eraseTenant(adminOfTenant(), whole)
  await erasure.done.catch(() => {})
  isDown = false
  await upkeep()
  expect(await erasures().show(erasure.id)).toMatchObject({ state: 'done' })
  // The store was restored too.
  await restore()
  await place.put({ tenant: 'acme', subject: 'ana' }, 2)
  await store.open(options)
  await upkeep()
  expect(await erasures().show(erasure.id)).toMatchObject({ state: 'open' })
  await follow(await erasures().resume(erasure.id, { tenant: 'acme', subject: null }))
  expect(await erasures().show(erasure.id)).toMatchObject({ state: 'done' })
  expect(await held('ana')).toBe(0)
}, 120_000)
