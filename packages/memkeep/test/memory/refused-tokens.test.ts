import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Span, Tracer } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
const spans: Record<string, string | number>[] = []
const tracer: Tracer = {
  startActiveSpan(_, { attributes = {} }, run) {
    const seen: Record<string, string | number> = { ...attributes }
    spans.push(seen)
    const span: Span = { setAttribute: (name, value) => (seen[name] = value), setStatus() {}, end() {} }
    return run(span as never) as ReturnType<typeof run>
  },
}

beforeEach(async () => {
  spans.length = 0
  store = await TestKeep.start({ tracer })
})
afterEach(() => store?.[Symbol.asyncDispose]())

const none = { MK001: 0, MK002: 0, MK003: 0 }
const add = () => codeOf(store.memory().add('x', { actor: 'user' }))
const events = () => store.database.query("select id from memkeep.event where action = 'memory.add'")

test('a token that the database does not take for authentic is counted, names itself on its span, and leaves nothing', async () => {
  expect(await add()).toBe('none')
  expect(store.keep.metrics().refusedTokens).toEqual(none)
  expect(spans.at(-1)).not.toHaveProperty('memkeep.token.refusal')
  const before = await events()
  await store.database.query('update memkeep.token_key set ipad = $1, opad = $2', [randomBytes(64), randomBytes(64)])
  expect(await add()).toBe('ERR_SCOPE_FORGED')
  expect(await codeOf(store.memory().list())).toBe('ERR_SCOPE_FORGED')
  expect(store.keep.metrics().refusedTokens).toEqual({ ...none, MK001: 2 })
  expect(spans.slice(-2).map((span) => span['memkeep.token.refusal'])).toEqual(['MK001', 'MK001'])
  expect(await events()).toEqual(before)
})

test('so is one whose key the database does not hold, apart from the others, and other errors are none', async () => {
  expect(await codeOf(store.memory({ roles: ['export'] }).add('x', { actor: 'user' }))).toBe('ERR_ACCESS_DENIED')
  expect(store.keep.metrics().refusedTokens).toEqual(none)
  await store.database.query('delete from memkeep.token_key')
  expect(await add()).toBe('ERR_STORE_UNAVAILABLE')
  // Upkeep has a connection and a login of its own; what is refused to it counts as well.
  expect(store.keep.metrics().refusedTokens).toEqual({ ...none, MK003: 1 })
  await store.keep.runUpkeep()
  expect(await add()).toBe('none')
  expect(store.keep.metrics().refusedTokens).toEqual({ ...none, MK003: 1 })
})
