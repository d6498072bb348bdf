import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkAudit } from '../../src/audit/audit-options.ts'
import { productionSeams } from '../../src/core/seams.ts'
import { TestKeep } from '../support/test-keep.ts'
import { expectWholeLogs } from './whole-log.ts'

// What upkeep does by itself: nobody here asks for a pass.

let store: TestKeep
let fails = 0

beforeAll(async () => {
  const reach = (point: string) => {
    if (point !== 'ledger.signed' || fails === 0) return
    fails--
    throw new Error('the process could not go on')
  }
  store = await TestKeep.start({ audit: { mergeDelaySeconds: 1 }, seams: { clock: productionSeams.clock, reach } })
})
afterAll(() => store?.[Symbol.asyncDispose]())

const heads = async () =>
  Number((await store.database.query<{ n: string }>('select count(*) as n from memkeep.checkpoint'))[0]!.n)

/** Resolves once every event has its place under a signed head. */
async function allSigned(): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    const [row] = await store.database.query<{ n: string }>('select count(*) as n from memkeep.pending')
    if (Number(row!.n) === 0) break
    if (Date.now() > end) throw new Error('events still wait for their place')
  }
  expect((await expectWholeLogs(store.database)).waiting).toBe(0)
}

test('events come under a signed head again and again, also after a pass that failed', {
  timeout: 240_000,
}, async () => {
  let before = 0
  for (const failed of [0, 1, 3]) {
    await store.memory().add(`after ${failed} failures`, { actor: 'user' })
    fails = failed
    await allSigned()
    expect(fails).toBe(0)
    const now = await heads()
    expect(now).toBeGreaterThan(before)
    before = now
  }
})

test('what is published as the longest delay is what holds when nothing is said', () => {
  expect(checkAudit().mergeDelaySeconds).toBe(5)
})

test('where nothing happened no head is signed', async () => {
  await allSigned()
  const before = await heads()
  expect(await store.keep.sequence()).toBe(0)
  expect(await heads()).toBe(before)
})
