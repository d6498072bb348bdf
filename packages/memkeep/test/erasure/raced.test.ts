import { afterEach, expect, test } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import type { FinishedErasure, Keep } from '../../src/index.ts'
import { heldPlace } from '../connectors/held-items.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, grantOf } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// One process still waits for an outside store's answer when another goes on with the erasure.

let store: TestKeep
let release = () => {}
afterEach(() => {
  release()
  return store[Symbol.asyncDispose]()
})

/** A store that removes what it is asked to, and whose first answer comes when it is let through. */
function slowPlace() {
  const [entered, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let asked = 0
  const place = heldPlace(
    (right): Connector => ({
      ...right,
      patience: { retries: 0, timeoutMs: 600_000 },
      async erase(...args) {
        const removed = await right.erase(...args)
        if (asked++ === 0) {
          entered.resolve()
          await released.promise
        }
        return removed
      },
    }),
  )
  release = released.resolve
  return { ...place, entered: entered.promise, asked: () => asked }
}

async function begun(place: ReturnType<typeof slowPlace>, options: { readonly holdKeysMs?: number } = {}) {
  store = await TestKeep.start({ ...options, connectors: [place.connector] })
  await store.memory().add('said', { actor: 'user' })
  await place.put({ tenant: 'acme', subject: 'ana' }, 3)
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  await place.entered
  store.clock.advance(61_000)
  return erasure
}

const another = (place: ReturnType<typeof slowPlace>, options = {}): Promise<Keep> =>
  store.open({ ...options, connectors: [place.connector], upkeep: { ...store.database.upkeep, max: 1 } })

const view = async (id: string) => (await store.keep.privileged(grantOf('erase')).erasures.show(id))!
const endedOf = async (id: string) =>
  (await view(id)).steps.filter(({ endedAt }) => endedAt !== null).map(({ step }) => step)
const ofPlace = ({ stores }: FinishedErasure) => stores.filter(({ name }) => name === 'connector.held')

test('upkeep of the same process passes by what it is carrying out', async () => {
  const place = slowPlace()
  await begun(place)
  await store.keep.runUpkeep()
  expect(place.asked()).toBe(1)
}, 60_000)

test('what the slow one removed is counted where another ended the step before it', async () => {
  const place = slowPlace()
  const erasure = await begun(place)
  const other = await another(place)
  await other.runUpkeep()
  expect(await endedOf(erasure.id)).toContain('derive')
  release()
  for await (const { step } of erasure) {
    if (step === 'derive') store.clock.advance(300_001)
    if (step === 'verify') await other.runUpkeep()
  }
  expect(ofPlace(await erasure.done)).toEqual([{ name: 'connector.held', deleted: 3, remaining: 0 }])
}, 60_000)

test('nobody verifies before the slow one has said what it removed', async () => {
  const place = slowPlace()
  const erasure = await begun(place, { holdKeysMs: 1000 })
  const other = await another(place, { holdKeysMs: 1000 })
  expect(await codeOf(other.runUpkeep())).toBe('ERR_ERASURE_INCOMPLETE')
  const verify = (await view(erasure.id)).steps.at(-1)!
  expect(verify).toMatchObject({ step: 'verify', endedAt: null })
  expect(verify.notes.why).toContain('another process has not said yet')
  release()
  for await (const { step } of erasure) if (step === 'verify') await other.runUpkeep()
  expect(ofPlace(await erasure.done)).toEqual([{ name: 'connector.held', deleted: 3, remaining: 0 }])
}, 60_000)

test('nobody waits for one that was killed', async () => {
  const place = slowPlace()
  const erasure = await begun(place)
  const other = await another(place)
  store.clock.advance(300_000)
  await other.runUpkeep()
  expect(await endedOf(erasure.id)).toContain('verify')
}, 60_000)

test('a try that somebody put among the notes counts nothing, and is waited for by nobody', async () => {
  store = await TestKeep.start()
  await store.memory().add('said', { actor: 'user' })
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  for await (const { step } of erasure) {
    if (step === 'derive') {
      const notes = JSON.stringify({ began: store.clock.now() + 300_001, deleted: { 'connector.held': 7 } })
      await store.database.query(
        `insert into memkeep.erasure_step (tenant, erasure, step, began_ms, notes, mac)
         select tenant, id, 'try.planted', 1, $1, '\\x00000000000000000000000000000000' from memkeep.erasure`,
        [notes],
      )
      store.clock.advance(300_001)
    }
    if (step === 'verify') await store.keep.runUpkeep()
  }
  expect(ofPlace(await erasure.done)).toEqual([])
}, 60_000)
