import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { adminOf } from '../support/erasing.ts'
import { dayMs, hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

// An erasure waits for the process that holds keys for the longest, whichever carries it out.

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
  await store.memory().add('x', { actor: 'user' })
})
afterEach(() => store[Symbol.asyncDispose]())

/** Steps that have ended once upkeep has gone as far as it can. */
async function stepsAfter(id: string): Promise<string[]> {
  await store.keep.runUpkeep()
  const [view] = await store.keep.for(adminOf('ana')).erasures.list()
  expect(view!.id).toBe(id)
  return view!.steps.filter(({ endedAt }) => endedAt !== null).map(({ step }) => step)
}

async function begun(): Promise<string> {
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'test' })
  for await (const { step } of erasure) if (step === 'derive') break
  return erasure.id
}

test('the longest time that a process announced counts, also once it is closed, and no longer than a day', async () => {
  await (await store.open({ holdKeysMs: hourMs })).close()
  const id = await begun()
  store.clock.advance(300_001)
  expect(await stepsAfter(id)).not.toContain('keys')
  store.clock.advance(hourMs - 300_001)
  await expect.poll(() => stepsAfter(id), { timeout: 20_000 }).toContain('keys')
  expect(await store.database.query('select hold_ms::int from memkeep.key_lease order by 1')).toEqual([
    { hold_ms: 300_000 },
    { hold_ms: hourMs },
  ])
  store.clock.advance(dayMs)
  await store.open()
  expect(await store.database.query('select hold_ms::int from memkeep.key_lease')).toEqual([{ hold_ms: 300_000 }])
}, 60_000)

test('a shorter time of the process that erases does not hurry it', async () => {
  const hasty = await store.open({ holdKeysMs: 1000 })
  const erasure = await hasty.eraseSubject(adminOf('ana'), { reason: 'test' })
  for await (const { step } of erasure) if (step === 'derive') break
  store.clock.advance(1001)
  expect(await stepsAfter(erasure.id)).not.toContain('keys')
  store.clock.advance(300_000)
  await expect.poll(() => stepsAfter(erasure.id), { timeout: 20_000 }).toContain('keys')
}, 60_000)

test('a key that a process opens behind the barrier is let go of when the write is refused', async () => {
  const other = await store.open()
  await begun()
  const opened: string[] = []
  const write = store.memory({}, other).add('late', { actor: 'user' })
  await expect(write).rejects.toMatchObject({ code: 'ERR_SCOPE_BARRED' })
  // The record goes: whoever had let go of the key must look, and finds none.
  const { keyStore } = await import('../support/keys-at.ts').then(({ keysAt }) => keysAt(store.keyDir))
  for (const name of await keyStore.list('subject/')) {
    opened.push(name)
    await keyStore.delete(name)
  }
  expect(opened).not.toEqual([])
  await store.database.query('update memkeep.shelf set state = 0')
  const again = store.memory({}, other).list()
  expect(await again.then((page) => page.items.length)).toBe(0)
  const later = store.memory({}, other).add('later', { actor: 'user' })
  await later
  expect(await keyStore.list('subject/')).not.toEqual([])
})

const words = (keep: Keep) => store.memory({}, keep).search('tea')

test('a shelf is let go of within the lease after the database last confirmed it, also where nobody asks any more', async () => {
  const other = await store.open({ holdKeysMs: 10_000 })
  await store.memory().add('ana likes tea', { actor: 'user' })
  await words(other)
  const { loads, shelves } = other.metrics().shelves
  expect(shelves).toBeGreaterThan(0)
  // In use it is confirmed at each search, and is not read anew.
  for (let search = 0; search < 5; search++) {
    store.clock.advance(7000)
    await words(other)
  }
  expect(other.metrics().shelves).toMatchObject({ loads, shelves })
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'test' })
  for await (const { step } of erasure) if (step === 'derive') break
  store.clock.advance(8000)
  await expect.poll(() => other.metrics().shelves, { timeout: 20_000 }).toMatchObject({ shelves: 0, bytes: 0 })
}, 60_000)

test('of a scope that is barred no shelf is held, under whatever clearance, and others of its tenant stay', async () => {
  const other = await store.open()
  for (const subject of ['ana', 'ben']) {
    await store.memory({ subject }).add(`${subject} likes tea`, { actor: 'user' })
    await store.memory({ subject }, other).search('tea')
  }
  await store.memory({ roles: ['admin'] }, other).search('tea')
  await store.wide({ roles: ['admin'] }, other).search('tea')
  const { shelves } = other.metrics().shelves
  await begun()
  await expect(words(other)).rejects.toMatchObject({ code: 'ERR_SCOPE_BARRED' })
  expect(shelves - other.metrics().shelves.shelves).toBe(3)
  const { loads } = other.metrics().shelves
  await store.memory({ subject: 'ben' }, other).search('tea')
  expect(other.metrics().shelves.loads).toBe(loads)
}, 60_000)

test('how long keys are held is at most a day', async () => {
  await expect(store.open({ holdKeysMs: dayMs + 1 })).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID' })
})
