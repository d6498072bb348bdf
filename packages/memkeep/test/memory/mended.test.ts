import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMemkeep } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

// Each of these was false once.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

test('turns of one batch are listed in their order, the last one first', async () => {
  const memory = store.memory({ subject: 'turns' })
  const said = Array.from({ length: 40 }, (_, number) => `turn number ${number}`)
  await memory.addMessages(
    said.map((content) => ({ role: 'user' as const, content })),
    { session: 's' },
  )
  const { items } = await memory.list({ limit: 100 })
  expect(items.map(({ content }) => content)).toEqual(said.toReversed())
})

test('to delete what has expired but was not swept yet is false, as it is null to get it', async () => {
  const memory = store.memory({ subject: 'expired' })
  const expiresAt = new Date(store.clock.nowMs + 1000)
  const { id } = await memory.add('gone soon', { actor: 'user', expiresAt })
  store.clock.nowMs += 2000
  expect(await memory.get(id)).toBe(null)
  expect(await memory.delete(id)).toBe(false)
})

test('who may not write makes no key for a subject, and is in the ledger', async () => {
  const files = () => readdirSync(store.keyDir, { recursive: true }).length
  await store.memory().add('so that the tenant has its keys', { actor: 'user' })
  const before = files()
  const memory = store.memory({ subject: 'never-seen', roles: ['export'] })
  expect(await codeOf(memory.add('planted', { actor: 'user' }))).toBe('ERR_ACCESS_DENIED')
  expect(await store.memory({ subject: 'never-seen-either' }).deleteMany({ all: true })).toEqual({ deleted: 0 })
  expect(files()).toBe(before)
  const [event] = await store.database.query<{ outcome: string }>(
    "select outcome from memkeep.event where action = 'memory.add' order by recorded_at desc limit 1",
  )
  expect(event).toEqual({ outcome: 'denied' })
})

test('an update of a subject that has no shelf makes none', async () => {
  const shelves = () => store.database.query('select 1 from memkeep.shelf')
  const before = (await shelves()).length
  const memory = store.memory({ subject: 'nobody' })
  expect(await memory.update('01900000-0000-7000-8000-000000000000', { content: 'x' }, { actor: 'user' })).toBe(null)
  expect((await shelves()).length).toBe(before)
})

test('an option that openMemkeep does not know is refused, not left at its default', async () => {
  const misspelt = { database: store.database.app, polcy: {} }
  expect(await codeOf(openMemkeep(misspelt as never))).toBe('ERR_INPUT_INVALID')
})
