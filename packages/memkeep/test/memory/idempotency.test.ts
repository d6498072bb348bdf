import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { dayMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const call = { actor: 'user', idempotencyKey: 'order-7' } as const
let count = 0
const fresh = () => `subject ${++count}`
const size = async (subject: string) => (await store.memory({ subject }).list({ limit: 100 })).items.length

test('the same call answers as the first did and stores nothing', async () => {
  const subject = fresh()
  const first = await store.memory({ subject }).add('x', { ...call, expiresAt: new Date(store.clock.nowMs + dayMs) })
  store.clock.advance(1000)
  const again = store.memory({ subject }).add('x', { ...call, expiresAt: new Date(first.durableUntil!) })
  expect(await again).toEqual(first)
  expect((await again).durableUntil).toBeInstanceOf(Date)
  expect(await store.memory({ subject }, second).add('x', { ...call, expiresAt: first.durableUntil! })).toEqual(first)
  expect(await size(subject)).toBe(1)
})

test('the answer stays when the memory was deleted meanwhile: nothing is stored again', async () => {
  const memory = store.memory({ subject: fresh() })
  const first = await memory.add('x', call)
  await memory.delete(first.id)
  expect(await memory.add('x', call)).toEqual(first)
  expect((await memory.list()).items).toEqual([])
})

test('another call under the key is refused, whatever differs', async () => {
  const subject = fresh()
  const memory = store.memory({ subject })
  await memory.add('x', call)
  const others = [
    () => memory.add('y', call),
    () => memory.add('x', { ...call, actor: 'agent' }),
    () => memory.add('x', { ...call, sensitivity: 'sensitive' }),
    () => memory.add('x', { ...call, kind: 'fact' }),
    () => memory.add('x', { ...call, tags: ['t'] }),
    () => memory.add('x', { ...call, metadata: { a: 1 } }),
    () => memory.add('x', { ...call, source: 's' }),
    () => memory.add('x', { ...call, session: 's' }),
    () => memory.add('x', { ...call, at: new Date(1) }),
    () => memory.add('x', { ...call, expiresAt: new Date(store.clock.nowMs + dayMs) }),
    () => store.memory({ subject, agent: 'other' }).add('x', call),
    () =>
      memory.addMany(
        [
          { content: 'x', actor: 'user' },
          { content: 'x', actor: 'user' },
        ],
        { idempotencyKey: 'order-7' },
      ),
  ]
  for (const other of others) expect(await codeOf(other())).toBe('ERR_IDEMPOTENCY_MISMATCH')
  expect(await size(subject)).toBe(1)
})

test('keys of other principals, subjects and tenants are other keys', async () => {
  const subject = fresh()
  const askings = [{ subject }, { subject, principal: 'another' }, { subject: fresh() }, { subject, tenant: 'globex' }]
  const receipts = []
  for (const asking of askings) receipts.push(await store.memory(asking).add(`for ${receipts.length}`, call))
  expect(new Set(receipts.map(({ id }) => id)).size).toBe(4)
})

test('a batch and a talk are repeated as a whole', async () => {
  const memory = store.memory({ subject: fresh() })
  const batch = ['a', 'b', 'c'].map((content) => ({ content, actor: 'user' as const }))
  const first = await memory.addMany(batch, { idempotencyKey: 'batch' })
  expect(await memory.addMany(batch, { idempotencyKey: 'batch' })).toEqual(first)
  expect(await codeOf(memory.addMany(batch.toReversed(), { idempotencyKey: 'batch' }))).toBe('ERR_IDEMPOTENCY_MISMATCH')
  const talk = [
    { role: 'user' as const, content: 'hello' },
    { role: 'assistant' as const, content: 'hi' },
  ]
  const turns = await memory.addMessages(talk, { session: 's', idempotencyKey: 'talk' })
  store.clock.advance(5000)
  expect(await memory.addMessages(talk, { session: 's', idempotencyKey: 'talk' })).toEqual(turns)
  expect((await memory.list()).items).toHaveLength(5)
})

test('twins at once store once, also over two processes', async () => {
  const subject = fresh()
  const receipts = await Promise.all(
    Array.from({ length: 8 }, (_, n) => store.memory({ subject }, n % 2 ? second : store.keep).add('x', call)),
  )
  expect(new Set(receipts.map(({ id }) => id)).size).toBe(1)
  expect(await size(subject)).toBe(1)
})

test('after a day the key is free again, and upkeep has let go of it', async () => {
  const subject = fresh()
  const memory = store.memory({ subject })
  const first = await memory.add('x', call)
  store.clock.advance(dayMs - 1)
  expect((await memory.add('x', call)).id).toBe(first.id)
  store.clock.advance(1)
  await store.keep.runUpkeep()
  expect(await store.database.query('select 1 from memkeep.request where until_ms <= $1', [store.clock.nowMs])).toEqual(
    [],
  )
  expect((await memory.add('y', call)).id).not.toBe(first.id)
  store.clock.advance(dayMs)
  expect(await codeOf(memory.add('z', call))).toBe('none')
  expect(await size(subject)).toBe(3)
})

test('a key is an id: 1 to 200 characters without control characters', async () => {
  const memory = store.memory({ subject: fresh() })
  for (const idempotencyKey of ['', 'a'.repeat(201), 'a\nb', '\ud800', 7, null]) {
    const options = { actor: 'user', idempotencyKey: idempotencyKey as string } as const
    expect(await codeOf(memory.add('x', options))).toBe('ERR_INPUT_INVALID')
  }
})

test('a call that was refused leaves its key free', async () => {
  const memory = store.memory({ subject: fresh() })
  expect(await codeOf(memory.add('x', { ...call, actor: 'system' }))).toBe('ERR_ACCESS_DENIED')
  expect(await memory.add('x', call)).toMatchObject({ outcome: 'stored' })
})
