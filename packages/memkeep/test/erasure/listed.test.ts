import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import type { MemkeepError } from '../../src/index.ts'
import { heldPlace } from '../connectors/held-items.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// Erasures that are not done, as whoever operates the deployment finds them: without an id to ask for.

let isDown = true
const place = heldPlace(
  (right): Connector => ({
    ...right,
    patience: { retries: 0 },
    async erase(...asked) {
      if (isDown) throw new Error('not there')
      return right.erase(...asked)
    },
  }),
)

let store: TestKeep
let id: string
beforeEach(async () => {
  isDown = true
  store = await TestKeep.start({ connectors: [place.connector] })
  for (const subject of ['ana', 'ben']) await store.memory({ subject }).add('said', { actor: 'user' })
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  await erasure.done.catch(() => {})
  id = erasure.id
})
afterEach(() => store[Symbol.asyncDispose]())

const list = (right: 'erase' | 'holds' = 'erase') => store.keep.privileged(grantOf(right)).erasures.list()

test('each with its tenant, its step and why it waits, until it is done', async () => {
  const requestedAt = new Date(store.clock.now())
  const [open, ...others] = await list()
  expect(others).toEqual([])
  expect(open).toMatchObject({ id, kind: 'subject', tenant: 'acme', step: 'derive', requestedAt })
  expect(open!.why).toContain('held cannot be emptied now')
  expect(JSON.stringify(open)).not.toContain('ana')
  expect(store.keep.metrics().openErasures).toBeNull()
  store.clock.advance(61_000)
  const failure = await store.keep.runUpkeep().catch((error: MemkeepError) => error)
  expect(failure).toMatchObject({ code: 'ERR_ERASURE_INCOMPLETE', message: expect.stringContaining(id) })
  // It is held for a minute now, and due to nobody: it is open all the same.
  await store.keep.runUpkeep()
  expect(store.keep.metrics().openErasures).toBe(1)
  expect(await list()).toHaveLength(1)

  isDown = false
  const again = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  expect(again.id).toBe(id)
  await finished(store, again)
  expect(await list()).toEqual([])
  await store.keep.runUpkeep()
  expect(store.keep.metrics().openErasures).toBe(0)
}, 60_000)

test('without the right nothing is told, and the look is an event either way', async () => {
  expect(await codeOf(list('holds'))).toBe('ERR_ACCESS_DENIED')
  await list()
  const looks = await store.database.query<{ outcome: string }>(
    "select outcome from memkeep.event where action = 'erasure.list' order by recorded_at",
  )
  expect(looks.map(({ outcome }) => outcome)).toEqual(['denied', 'ok'])
}, 60_000)

test('one whose rows were changed keeps no other from being listed', async () => {
  const erasure = await store.keep.eraseSubject(adminOf('ben'), { reason: 'request' })
  await erasure.done.catch(() => {})
  await store.database.query('update memkeep.erasure set reason = 77 where id = $1', [id])
  const found = await list()
  expect(found).toHaveLength(2)
  expect(found.find((each) => each.id === id)).toMatchObject({ tenant: null, step: null })
  expect(found.find((each) => each.id === erasure.id)).toMatchObject({ tenant: 'acme', step: 'derive' })
}, 60_000)
