import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

test('the metrics count what shelves took and gave, and entries that did not open', async () => {
  const memory = store.memory({ subject: 'counted' })
  const before = store.keep.metrics().shelves
  await memory.add('likes quiet cabins', { actor: 'user' })
  const { id } = await memory.add('likes loud engines', { actor: 'user' })
  await memory.search('cabins')
  await memory.search('engines')
  const { shelves } = store.keep.metrics()
  // Her own shelf and the common one: read once each, found the second time.
  expect(shelves.loads - before.loads).toBe(2)
  expect(shelves.hits - before.hits).toBe(2)
  expect(shelves.bytes).toBeGreaterThan(before.bytes)
  expect(shelves.bytes).toBeLessThanOrEqual(shelves.budgetBytes)
  expect(shelves.broken).toBe(before.broken)
  await store.database.query("update memkeep.memory set content = content || '\\x00' where id = $1", [id])
  expect((await memory.search('likes')).memories).toHaveLength(1)
  expect(store.keep.metrics().shelves.broken - before.broken).toBe(1)
})
