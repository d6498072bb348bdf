import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Actor, Keep, Trust } from '../../src/index.ts'
import { codesOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

let count = 0
const every: readonly Actor[] = ['user', 'agent', 'system', 'tool']
const asking = (over = {}) => ({ subject: `subject ${++count}`, actors: every, ...over })
const missing = '01890000-0000-7000-8000-000000000000'

test('the trust of a memory is the ceiling of its author', async () => {
  const memory = store.memory(asking())
  const ceilings: Record<Actor, Trust> = { user: 'user', agent: 'agent', system: 'system', tool: 'external' }
  for (const actor of every) expect((await memory.add('x', { actor })).trust).toBe(ceilings[actor])
})

test('a memory is trusted no more than its writer asks for, and never more for that', async () => {
  const memory = store.memory(asking())
  const trust = async (actor: Actor, maxTrust: Trust) => (await memory.add('x', { actor, maxTrust })).trust
  expect(await trust('agent', 'external')).toBe('external')
  expect(await trust('system', 'user')).toBe('user')
  expect(await trust('tool', 'system')).toBe('external')
  const turn = { role: 'user', content: 'x', maxTrust: 'external' } as const
  const [told, behind] = await memory.addMessages([turn, { role: 'assistant', content: 'y' }], { session: 's' })
  expect([told!.trust, behind!.trust]).toEqual(['external', 'external'])
  expect(await codesOf([memory.add('x', { actor: 'user', maxTrust: 'none' as Trust })])).toEqual(['ERR_INPUT_INVALID'])
})

test('a key that was used for what may be trusted is not that of what may not', async () => {
  const memory = store.memory(asking())
  const add = (more: object) => memory.add('x', { actor: 'agent', idempotencyKey: 'k', ...more })
  await add({})
  expect(await codesOf([add({}), add({ maxTrust: 'external' })])).toEqual(['none', 'ERR_IDEMPOTENCY_MISMATCH'])
})

test('a memory is trusted no more than anything it was derived from, over any number of steps', async () => {
  const who = asking()
  const [memory, other] = [store.memory(who), store.memory(who, second)]
  const system = await memory.add('s', { actor: 'system' })
  const tool = await memory.add('t', { actor: 'tool' })
  const both = await other.add('both', { actor: 'system', derivedFrom: [system.id, tool.id, tool.id] })
  expect(both.trust).toBe('external')
  const chain = await memory.add('chain', { actor: 'agent', derivedFrom: [both.id] })
  expect(chain.trust).toBe('external')
  expect((await memory.add('fine', { actor: 'agent', derivedFrom: [system.id] })).trust).toBe('agent')
  expect(await memory.get(chain.id)).toMatchObject({ trust: 'external', derivedFrom: [both.id] })
  expect((await memory.search('chain', { minTrust: 'user' })).memories).toEqual([])
})

test('a batch takes each memory by its own sources', async () => {
  const memory = store.memory(asking())
  const tool = await memory.add('t', { actor: 'tool' })
  const receipts = await memory.addMany([
    { content: 'a', actor: 'agent' },
    { content: 'b', actor: 'agent', derivedFrom: [tool.id] },
  ])
  expect(receipts.map(({ trust }) => trust)).toEqual(['agent', 'external'])
})

test('a source whose trust fell in another process counts as it now stands', async () => {
  const who = asking()
  const [memory, other] = [store.memory(who), store.memory(who, second)]
  const { id } = await memory.add('src', { actor: 'system' })
  await memory.search('src')
  await other.update(id, { content: 'src by a tool' }, { actor: 'tool' })
  expect((await memory.add('derived', { actor: 'system', derivedFrom: [id] })).trust).toBe('external')
})

test('sources that the scope does not have: foreign, missing, beyond its clearance, deleted, all alike', async () => {
  const who = asking()
  const memory = store.memory(who)
  const foreign = await store.memory(asking()).add('x', { actor: 'user' })
  const elsewhere = await store.memory({ ...who, tenant: 'globex' }).add('x', { actor: 'user' })
  const above = await memory.add('x', { actor: 'user', sensitivity: 'sensitive' })
  const deleted = await memory.add('x', { actor: 'user' })
  await memory.delete(deleted.id)
  const messages = []
  for (const id of [foreign.id, elsewhere.id, above.id, deleted.id, missing]) {
    const error = await memory.add('y', { actor: 'user', derivedFrom: [id] }).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'ERR_INPUT_INVALID' })
    messages.push(error.message)
  }
  expect(new Set(messages).size).toBe(1)
  expect(messages[0]).not.toContain(missing)
})

test('a common memory can be a source', async () => {
  const notice = await store
    .common({ tenant: 'globex', rights: ['common'], actors: every })
    .add('notice', { actor: 'tool' })
  expect(
    (await store.memory(asking({ tenant: 'globex' })).add('x', { actor: 'agent', derivedFrom: [notice.id] })).trust,
  ).toBe('external')
})

test('claiming an author needs the right for it, in add, addMany, addMessages and update', async () => {
  const subject = `subject ${++count}`
  const plain = store.memory({ subject })
  const { id } = await plain.add('x', { actor: 'user' })
  const calls = [
    plain.add('x', { actor: 'system' }),
    plain.addMany([
      { content: 'x', actor: 'user' },
      { content: 'x', actor: 'system' },
    ]),
    plain.addMessages([{ role: 'system', content: 'x' }], { session: 's' }),
    plain.update(id, { content: 'y' }, { actor: 'system' }),
    store.memory({ subject, roles: ['nobody'], rights: ['write', 'read'] }).add('x', { actor: 'user' }),
  ]
  expect(new Set(await codesOf(calls))).toEqual(new Set(['ERR_ACCESS_DENIED']))
  expect((await plain.list()).items.map(({ content }) => content)).toEqual(['x'])
  expect((await store.memory({ subject, actors: ['system'] }).add('x', { actor: 'system' })).trust).toBe('system')
})
