import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'
import { TornLine } from '../support/torn-line.ts'

let store: TestKeep
let line: TornLine
/** Reaches the database over the line that tears. */
let keep: Keep
let count = 0

beforeAll(async () => {
  store = await TestKeep.start()
  line = await TornLine.to(store.database.app)
  keep = await store.open({ database: { ...line.settings, max: 2 } })
})
afterAll(async () => {
  await keep?.close()
  await line?.close()
  await store?.[Symbol.asyncDispose]()
})

afterEach(() => line.disarm())

const fresh = () => {
  const subject = `subject ${++count}`
  return { torn: store.memory({ subject }, keep), whole: store.memory({ subject }) }
}
const contents = async (memory: ReturnType<TestKeep['memory']>) =>
  (await memory.list({ limit: 100 })).items.map(({ content }) => content).sort()

describe.each(['request', 'answer'] as const)('the connection is lost with the %s', (tear) => {
  test('add: stored once, and said to be stored', async () => {
    const { torn, whole } = fresh()
    await torn.add('before', { actor: 'user' })
    const before = line.torn
    line.arm('remember', tear)
    const receipt = await torn.add('once', { actor: 'user' })
    expect(line.torn).toBe(before + 1)
    expect(receipt).toMatchObject({ outcome: 'stored', version: 1, trust: 'user' })
    expect((await whole.get(receipt.id))?.content).toBe('once')
    expect(await contents(whole)).toEqual(['before', 'once'])
    expect(await contents(torn)).toEqual(['before', 'once'])
  })

  test('addMany: stored once, all of them', async () => {
    const { torn, whole } = fresh()
    line.arm('remember', tear)
    const receipts = await torn.addMany(['a', 'b', 'c'].map((content) => ({ content, actor: 'user' as const })))
    expect(receipts).toHaveLength(3)
    expect(await contents(whole)).toEqual(['a', 'b', 'c'])
    expect((await torn.search('b')).memories.map(({ id }) => id)).toEqual([receipts[1]!.id])
  })

  test('add with an idempotency key: stored once, and repeated calls answer alike', async () => {
    const { torn, whole } = fresh()
    line.arm('remember', tear)
    const options = { actor: 'user', idempotencyKey: 'k' } as const
    const first = await torn.add('once', options)
    line.arm('remember', tear)
    expect(await torn.add('once', options)).toEqual(first)
    expect(await whole.add('once', options)).toEqual(first)
    expect(await contents(whole)).toEqual(['once'])
  })

  test('update: one new version', async () => {
    const { torn, whole } = fresh()
    const { id } = await torn.add('old', { actor: 'user' })
    line.arm('revise', tear)
    expect(await torn.update(id, { content: 'new' }, { actor: 'user' })).toMatchObject({ version: 2 })
    expect((await whole.history(id)).map(({ content }) => content)).toEqual(['new', 'old'])
    line.arm('revise', tear)
    expect(await torn.update(id, { tags: ['x'] }, { actor: 'user', ifVersion: 2 })).toMatchObject({ version: 3 })
    expect(await whole.history(id)).toHaveLength(3)
  })

  test('delete: done, and said to be done', async () => {
    const { torn, whole } = fresh()
    const { id } = await torn.add('gone', { actor: 'user' })
    line.arm('forget', tear)
    expect(await torn.delete(id)).toBe(true)
    expect(await whole.get(id)).toBeNull()
    expect(await torn.delete(id)).toBe(false)
    await torn.addMany(['a', 'b', 'c'].map((content) => ({ content, actor: 'user' as const, tags: ['t'] })))
    line.arm('forget', tear)
    expect(await torn.deleteMany({ tags: ['t'] })).toEqual({ deleted: 3 })
    expect(await contents(whole)).toEqual([])
  })

  test('a refusal stays the refusal that it was', async () => {
    const { torn } = fresh()
    line.arm('remember', tear)
    expect(await codeOf(torn.add('x', { actor: 'system' }))).toBe('ERR_ACCESS_DENIED')
    const { id } = await torn.add('x', { actor: 'user' })
    line.arm('revise', tear)
    expect(await codeOf(torn.update(id, { content: 'y' }, { actor: 'user', ifVersion: 7 }))).toBe(
      'ERR_VERSION_CONFLICT',
    )
  })

  test('the answer is lost twice', async () => {
    const { torn, whole } = fresh()
    line.arm('remember', tear)
    line.arm('remember', 'answer')
    const { id } = await torn.add('once', { actor: 'user' })
    expect(await contents(whole)).toEqual(['once'])
    line.arm('revise', tear)
    line.arm('settle', tear)
    expect(await torn.update(id, { content: 'new' }, { actor: 'user' })).toMatchObject({ version: 2 })
  })

  test('reads: they answer, or fail as retryable with the same call answering next', async () => {
    const { torn } = fresh()
    const { id } = await torn.add('read me', { actor: 'user' })
    for (const [doorway, read] of [
      ['read', () => torn.get(id)],
      ['recall', () => torn.search('read')],
      ['recall', () => torn.list()],
    ] as const) {
      line.arm(doorway, tear)
      const answer = await read().catch((error: { retryable?: boolean }) => error)
      if (answer instanceof Error) expect(answer).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
      expect(await read()).toBeTruthy()
    }
  })
})

test('every memory above has one event of its adding, and every such event its memories', async () => {
  const [counts] = await store.database.query<{ memories: number; added: number; removed: number; events: number }>(`
    select (select count(*)::int from memkeep.memory) as memories,
      (select sum(affected)::int from memkeep.event where action = 'memory.add' and outcome = 'ok') as added,
      (select sum(affected)::int from memkeep.event where action = 'memory.delete' and outcome = 'ok') as removed,
      (select count(*)::int from memkeep.memory m join memkeep.event e
        on e.action = 'memory.add' and e.outcome = 'ok' and m.id = any (e.memories)) as events`)
  const { memories, added, removed, events } = counts!
  expect(memories).toBeGreaterThan(0)
  expect(events).toBe(memories)
  expect(added - removed).toBe(memories)
})
