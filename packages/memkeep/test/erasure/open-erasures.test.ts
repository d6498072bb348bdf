import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import { expiredLine } from '../../src/erasure/ledger-lines.ts'
import { verifyAttestation } from '../../src/verify.ts'
import { heldPlace } from '../connectors/held-items.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { dayMs, hourMs } from '../support/hand-clock.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { TestKeep } from '../support/test-keep.ts'

// Erasures that are under way and cannot go on now: other processes open all the same, and what they erase they bar.

let store: TestKeep
const ledger = ledgerBeside(() => store)

let isDown = false
/** What happens between a request and its bar. */
let beforeBar: () => Promise<unknown> = async () => {}
const place = heldPlace((right): Connector => {
  const unlessDown = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isDown) throw new Error('not there')
    return work()
  }
  return {
    ...right,
    patience: { retries: 0 },
    inventory: (...asked) =>
      unlessDown(async () => {
        await beforeBar()
        return right.inventory(...asked)
      }),
    verify: (...asked) => unlessDown(() => right.verify(...asked)),
    erase: (...asked) => unlessDown(() => right.erase(...asked)),
  }
})
const options = { erasureLedger: ledger, connectors: [place.connector] }

beforeEach(async () => {
  store = undefined!
  ;[isDown, beforeBar] = [false, async () => {}]
  store = await TestKeep.start(options)
  await store.memory().add('said', { actor: 'user' })
})
afterEach(() => store[Symbol.asyncDispose]())

const holds = () => store.keep.privileged(grantOf('holds')).holds
const view = async () => (await store.keep.for(adminOf('ana')).erasures.list())[0]!

async function brokenOff(): Promise<void> {
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  await erasure.done.catch(() => {})
}

/** Rows of these tables, taken out of the way. */
async function putAway(...tables: string[]) {
  for (const table of tables) {
    await store.database.query(`create table public.kept_${table} as table memkeep.${table}`)
    await store.database.query(`delete from memkeep.${table}`)
  }
  const putBack = async () => {
    for (const table of tables) {
      await store.database.query(`delete from memkeep.${table}`)
      await store.database.query(`insert into memkeep.${table} table public.kept_${table}`)
      await store.database.query(`drop table public.kept_${table}`)
    }
  }
  return { putBack }
}

/** Upkeep, as often as an erasure needs it. */
async function upkeep(): Promise<void> {
  for (let pass = 0; pass < 4; pass++) {
    await store.keep.runUpkeep().catch(() => {})
    store.clock.advance(300_001)
  }
}

test('one that waits for an outside store keeps no process from opening', async () => {
  isDown = true
  await brokenOff()
  expect((await view()).steps.at(-1)).toMatchObject({ step: 'derive', endedAt: null })
  const second = await store.open(options)
  expect(await codeOf(store.memory({}, second).list())).toBe('ERR_SCOPE_BARRED')
  isDown = false
  await upkeep()
  expect((await view()).state).toBe('done')
}, 60_000)

test('one that a hold keeps from its bar keeps no process from opening, and the held keys stay', async () => {
  let hold = ''
  beforeBar = async () => {
    beforeBar = async () => {}
    hold = (await holds().place({ tenant: 'acme', subject: 'ana', reason: 'a case' })).id
  }
  await brokenOff()
  expect((await view()).steps.at(-1)).toMatchObject({ step: 'bar', endedAt: null })
  const second = await store.open(options)
  expect((await store.memory({}, second).list()).items).toMatchObject([{ content: 'said' }])
  await second.privileged(grantOf('holds')).holds.release('acme', hold)
  await upkeep()
  expect((await view()).state).toBe('done')
}, 60_000)

test('a restored database with a hold that was released before the erasure opens, and is erased again', async () => {
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  // As a backup of before has it.
  await store.database.query('delete from memkeep.erasure_step')
  await store.database.query('delete from memkeep.erasure')
  await store.database.query('update memkeep.shelf set state = 0 where state = 1')
  await holds().place({ tenant: 'acme', subject: 'ana', reason: 'a case' })
  await store.database.query('delete from memkeep.erasure_guard')
  const second = await store.open(options)
  expect(await codeOf(store.memory({}, second).list())).toBe('ERR_SCOPE_BARRED')
}, 60_000)

test('one that a hold stopped before its bar is not carried out by the guard on a backup of before; once it goes on it is', async () => {
  beforeBar = async () => {
    beforeBar = async () => {}
    await holds().place({ tenant: 'acme', subject: 'ana', reason: 'a case' })
  }
  await brokenOff()
  await upkeep()
  expect(await ledger.read()).toHaveLength(2)
  // As a backup has it that was made before anybody asked: beside the key store that the held rows need.
  const asked = await putAway('erasure_step', 'erasure', 'hold', 'erasure_guard')
  const second = await store.open(options)
  expect((await store.memory({}, second).list()).items).toMatchObject([{ content: 'said' }])
  await second.close()
  await asked.putBack()
  const [hold] = await holds().list('acme')
  expect(await holds().release('acme', hold!.id)).toBe(true)
  await upkeep()
  expect([(await view()).state, (await ledger.read()).length]).toEqual(['done', 3])
}, 60_000)

test('a subject that gets its first shelf after the request is barred, in whatever epoch it began', async () => {
  // Once a tenant has forgotten an erasure, first keys are of a later epoch than its own.
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  store.clock.advance(36 * dayMs)
  await store.keep.runUpkeep()
  const late = store.memory({ subject: 'ben' })
  beforeBar = async () => {
    beforeBar = async () => {}
    await late.add('between request and bar', { actor: 'user' })
  }
  const report = await finished(store, await store.keep.eraseSubject(adminOf('ben'), { reason: 'request' }))
  expect(await codeOf(late.add('after the bar', { actor: 'user' }))).toBe('ERR_SCOPE_BARRED')
  expect(report.stores).toContainEqual({ name: 'memory', deleted: 1, remaining: 0 })
  const [ledgered] = (await ledger.read()).slice(-1)
  expect(ledgered).toContain('"epoch":2')
}, 60_000)

test('a shelf of a later epoch than the one that was asked for is not barred, and the erasure stays open', async () => {
  beforeBar = async () => {
    beforeBar = async () => {}
    await store.database.query('update memkeep.shelf set epoch = 3')
  }
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  expect(await codeOf(erasure.done)).toBe('ERR_ERASURE_INCOMPLETE')
  const text = 'select s.state, e.state as erasure, e.barred_ms from memkeep.shelf s, memkeep.erasure e'
  expect(await store.database.query(text)).toEqual([{ state: 0, erasure: 0, barred_ms: null }])
}, 60_000)

test('an erasure that another process asked for, with a clock ahead, ends in an attestation that verifies', async () => {
  const clock = { now: () => store.clock.now() + 3 * hourMs }
  const reach = (point: string) => {
    if (point === 'erasure.requested') throw new Error('killed')
  }
  const ahead = await store.open({ ...options, seams: { clock, reach } })
  await ahead.eraseSubject(adminOf('ana'), { reason: 'request' }).catch(() => {})
  await upkeep()
  store.clock.advance(3 * hourMs)
  await upkeep()
  const { state, report } = await view()
  expect(state).toBe('done')
  expect((await verifyAttestation(report!.attestation)).predicate.id).toBe(report!.id)
}, 60_000)

test('a line of the ledger that is taken for expired before its end is refused', async () => {
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  await store.keep.checkRestored()
  const [line] = await ledger.read()
  await ledger.replace(1, expiredLine(line!))
  await store.database.query('delete from memkeep.erasure_guard')
  expect(await codeOf(store.open(options))).toBe('ERR_STORE_ROLLED_BACK')
  // With another end it is another line.
  await ledger.replace(1, expiredLine(line!).replace(/"until":\d+/, '"until":1'))
  expect(await codeOf(store.open(options))).toBe('ERR_STORE_ROLLED_BACK')
}, 60_000)

test('the line of an erasure that a hold kept waiting ends with the backups of its deletion, not of its request', async () => {
  let hold = ''
  beforeBar = async () => {
    beforeBar = async () => {}
    hold = (await holds().place({ tenant: 'acme', subject: 'ana', reason: 'a case' })).id
  }
  await brokenOff()
  store.clock.advance(40 * dayMs)
  await store.keep.privileged(grantOf('holds')).holds.release('acme', hold)
  await upkeep()
  const { state, report } = await view()
  expect(state).toBe('done')
  const ends = [...report!.notCovered, ...report!.residue].flatMap(({ until }) => (until === null ? [] : [until]))
  expect(ends.length).toBeGreaterThan(2)
  for (const end of ends) expect(Date.parse(end)).toBeGreaterThanOrEqual(Date.parse(report!.deletedAt) + 35 * dayMs)
  // A backup of before, restored while it is kept.
  store.clock.advance(30 * dayMs)
  await store.database.query('delete from memkeep.erasure_step')
  await store.database.query('delete from memkeep.erasure')
  await store.database.query('update memkeep.shelf set state = 0 where state = 1')
  await store.database.query('delete from memkeep.erasure_guard')
  expect(await store.keep.checkRestored()).toEqual({ repeated: 1 })
}, 60_000)
