import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { checkAudit } from '../../src/audit/audit-options.ts'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import type { Witness } from '../../src/audit/witness.ts'
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
afterEach(() => vi.useRealTimers())

const heads = async () =>
  Number((await store.database.query<{ n: string }>('select count(*) as n from memkeep.checkpoint'))[0]!.n)

/** Resolves once every event has its place under a signed head. */
async function allSigned(of: TestKeep = store): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    const [row] = await of.database.query<{ n: string }>('select count(*) as n from memkeep.pending')
    if (Number(row!.n) === 0) break
    if (Date.now() > end) throw new Error('events still wait for their place')
  }
  expect((await expectWholeLogs(of.database)).waiting).toBe(0)
}

/** Waits for good, once it is told to, where upkeep's pass of each minute asks it. */
class StuckWitness implements Witness {
  readonly name = 'stuck'
  readonly #file: Witness
  readonly asked = Promise.withResolvers<void>()
  readonly goesOn = Promise.withResolvers<void>()
  isStuck = false

  constructor(path: string) {
    this.#file = fileWitness({ path })
  }

  async add(shown: Parameters<Witness['add']>[0]) {
    await this.#turn()
    return this.#file.add(shown)
  }

  async last(origin: string) {
    await this.#turn()
    return this.#file.last!(origin)
  }

  async #turn() {
    if (!this.isStuck) return
    this.asked.resolve()
    await this.goesOn.promise
  }
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

test('by two fifths of what is published an event has its place, also while the pass of a minute stands still', async () => {
  await using slow = await TestKeep.start()
  const witness = new StuckWitness(join(slow.keyDir, 'witnessed'))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const mergeDelaySeconds = 600
  const keep = await slow.open({ upkeep: { ...slow.database.upkeep, max: 1 }, audit: { mergeDelaySeconds, witness } })
  // Whose own upkeep would do it.
  await slow.keep.close()
  await keep.runUpkeep()
  witness.isStuck = true
  try {
    await vi.advanceTimersByTimeAsync(60_000)
    await witness.asked.promise
    await slow.memory({}, keep).add('meanwhile', { actor: 'user' })
    await vi.advanceTimersByTimeAsync(0.4 * mergeDelaySeconds * 1000 - 60_000)
    await allSigned(slow)
  } finally {
    witness.goesOn.resolve()
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
