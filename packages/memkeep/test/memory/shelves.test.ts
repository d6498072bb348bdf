import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { dayMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open({
    database: { ...store.database.app, max: 1, idleTimeoutMillis: 0, Client: CountingClient as typeof pg.Client },
  })
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const
let count = 0
const both = (over = {}) => {
  const asking = { subject: `subject ${++count}`, ...over }
  return { here: store.memory(asking), there: store.memory(asking, second) }
}
const found = async (memory: ReturnType<TestKeep['memory']>, word: string) =>
  (await memory.search(word, { limit: 100 })).memories.map(({ content }) => content).sort()

/** What the second keep sends: each query is one statement, and waits for one answer. */
let sent = 0
class CountingClient extends pg.Client {
  // @ts-expect-error one signature for the driver's many
  override query(...args: Parameters<pg.Client['query']>) {
    sent++
    return super.query(...args)
  }
}

/** The round trips of a piece of work of the second keep, each as the event that it left. */
async function trips(work: () => Promise<unknown>): Promise<string[]> {
  const [before] = await store.database.query<{ at: string }>('select clock_timestamp()::text as at')
  sent = 0
  await work()
  const count = sent
  const events = await store.database.query<{ seen: string }>(
    "select action || ' ' || outcome as seen from memkeep.event where recorded_at > $1::timestamptz order by recorded_at",
    [before!.at],
  )
  expect(count).toBe(events.length)
  return events.map(({ seen }) => seen)
}

describe('round trips', () => {
  test('a warm search is one; after a write elsewhere two; after the own write one', async () => {
    const { here, there } = both()
    await here.add('alpha', user)
    await there.search('alpha')
    expect(await trips(() => there.search('alpha'))).toEqual(['memory.search ok'])
    expect(await trips(() => there.list())).toEqual(['memory.list ok'])
    expect(await trips(() => there.add('alpha beta', user))).toEqual(['memory.add ok'])
    expect(await trips(() => there.search('alpha'))).toEqual(['memory.search ok'])
    await here.add('alpha gamma', user)
    expect(await trips(() => there.search('alpha'))).toEqual(['memory.search stale', 'memory.search ok'])
    expect(await trips(() => there.search('alpha'))).toEqual(['memory.search ok'])
  })

  test('any number of writes elsewhere come in one delta', async () => {
    const { here, there } = both()
    await here.add('alpha', user)
    await there.search('alpha')
    const ids = []
    for (let n = 0; n < 20; n++) ids.push((await here.add(`alpha ${n}`, user)).id)
    for (const id of ids.slice(0, 5)) await here.delete(id)
    for (const id of ids.slice(5, 10)) await here.update(id, { content: 'alpha revised' }, user)
    expect(await trips(() => there.search('alpha'))).toEqual(['memory.search stale', 'memory.search ok'])
    expect(await found(there, 'alpha')).toEqual(await found(here, 'alpha'))
    expect(await found(there, 'revised')).toHaveLength(5)
  })

  test('get, history, add and delete are one trip each', async () => {
    const { here, there } = both()
    const { id } = await here.add('alpha', user)
    await there.get(id)
    expect(await trips(() => there.get(id))).toEqual(['memory.get ok'])
    expect(await trips(() => there.history(id))).toEqual(['memory.history ok'])
    expect(await trips(() => there.addMany([1, 2, 3].map((n) => ({ content: `${n}`, ...user }))))).toEqual([
      'memory.add ok',
    ])
    expect(await trips(() => there.delete(id))).toEqual(['memory.delete ok'])
    expect(await trips(() => there.deleteMany({ all: true }))).toEqual(['memory.delete ok'])
  })

  test('what must look before it writes is two: an update, a deletion by filter; a derived memory is one', async () => {
    const { there } = both()
    const { id } = await there.add('alpha', { ...user, tags: ['a'] })
    await there.list()
    expect(await trips(() => there.update(id, { content: 'beta' }, user))).toEqual([
      'memory.get ok',
      'memory.update ok',
    ])
    expect(await trips(() => there.add('gamma', { ...user, derivedFrom: [id] }))).toEqual(['memory.add ok'])
    expect(await trips(() => there.deleteMany({ tags: ['a'] }))).toEqual(['memory.list ok', 'memory.delete ok'])
  })
})

describe('two processes on one database', () => {
  test('each sees what the other wrote, revised and deleted', async () => {
    const { here, there } = both()
    const { id } = await here.add('alpha', user)
    expect(await found(there, 'alpha')).toEqual(['alpha'])
    await there.update(id, { content: 'beta' }, user)
    expect([await found(here, 'alpha'), await found(here, 'beta')]).toEqual([[], ['beta']])
    await here.delete(id)
    expect(await found(there, 'beta')).toEqual([])
    expect(await there.list()).toEqual({ items: [], nextCursor: null })
  })

  test('common memories written in one are found in the other', async () => {
    const { there } = both()
    await there.search('alpha')
    await store.common({ rights: ['common'] }).add('alpha for all', user)
    expect(await found(there, 'alpha')).toEqual(['alpha for all'])
    await store.common({ rights: ['common'] }).deleteMany({ all: true })
    expect(await found(there, 'alpha')).toEqual([])
  })

  test('writing in both at once leaves both with the same answer', async () => {
    const { here, there } = both()
    const work = Array.from({ length: 30 }, async (_, n) => {
      const memory = n % 2 ? here : there
      const { id } = await memory.add(`alpha ${n}`, user)
      if (n % 3 === 0) await (n % 2 ? there : here).delete(id)
      if (n % 3 === 1) await memory.update(id, { content: `alpha revised ${n}` }, user)
      await memory.search('alpha')
    })
    await Promise.all(work)
    const cold = await store.open()
    const third = store.memory({ subject: `subject ${count}` }, cold)
    const expected = await found(third, 'alpha')
    expect(expected).toHaveLength(20)
    expect(await found(here, 'alpha')).toEqual(expected)
    expect(await found(there, 'alpha')).toEqual(expected)
    await cold.close()
  })

  test('a search while the other writes answers a state that was', async () => {
    const { here, there } = both()
    await here.add('alpha 0', user)
    let writing = true
    const writer = (async () => {
      for (let n = 1; n <= 25; n++) await here.add(`alpha ${n}`, user)
      writing = false
    })()
    let last = 0
    while (writing) {
      const { length } = await found(there, 'alpha')
      expect(length).toBeGreaterThanOrEqual(last)
      last = length
    }
    await writer
    expect(await found(there, 'alpha')).toHaveLength(26)
  })
})

test('a shelf of more than one page loads whole, in any keep', async () => {
  const { here } = both()
  for (let n = 0; n < 5; n++) {
    await here.addMany(Array.from({ length: 900 }, (_, m) => ({ content: `item ${n * 900 + m}`, ...user })))
  }
  const cold = await store.open()
  const memory = store.memory({ subject: `subject ${count}` }, cold)
  for (const n of [0, 899, 900, 2000, 4499]) expect(await found(memory, `${n}`)).toEqual([`item ${n}`])
  await cold.close()
})

test('a budget too small for any shelf still answers rightly', async () => {
  const tight = await store.open({ shelfBudgetBytes: 1 })
  const { here } = both()
  const there = store.memory({ subject: `subject ${count}` }, tight)
  const { id } = await here.add('alpha', user)
  expect(await found(there, 'alpha')).toEqual(['alpha'])
  await there.add('alpha beta', user)
  await here.delete(id)
  expect(await found(there, 'alpha')).toEqual(['alpha beta'])
  expect(await there.deleteMany({ kinds: ['note'] })).toEqual({ deleted: 1 })
  await tight.close()
})

test('keys and shelves that were held for days are opened anew', async () => {
  const { here, there } = both()
  await here.add('alpha', user)
  await there.search('alpha')
  store.clock.advance(3 * dayMs)
  expect(await found(there, 'alpha')).toEqual(['alpha'])
  await there.add('alpha beta', user)
  expect(await found(here, 'alpha')).toEqual(['alpha', 'alpha beta'])
})
