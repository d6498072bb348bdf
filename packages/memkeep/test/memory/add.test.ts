import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('a memory comes back as it was given', async () => {
  const memory = store.memory({ agent: 'planner', session: 's-1' })
  const at = new Date('2025-12-24T18:00:00.123Z')
  const expiresAt = new Date(store.clock.nowMs + 60_000)
  const receipt = await memory.add('prefers window seats\nand quiet ✈️', {
    actor: 'user',
    sensitivity: 'public',
    kind: 'preference',
    tags: ['travel', 'séat', 'travel'],
    metadata: { row: 12, nested: { list: [null, true, 'x', 1.5e300] }, 'odd key\n': '', ['__proto__']: { a: 1 } },
    source: 'a call',
    at,
    expiresAt,
  })
  expect(receipt).toEqual({
    outcome: 'stored',
    id: expect.stringMatching(uuidV7),
    version: 1,
    trust: 'user',
    durableUntil: expiresAt,
    verdict: 'allow',
  })
  expect(await memory.get(receipt.id)).toEqual({
    id: receipt.id,
    version: 1,
    content: 'prefers window seats\nand quiet ✈️',
    actor: 'user',
    trust: 'user',
    sensitivity: 'public',
    kind: 'preference',
    tags: ['travel', 'séat'],
    metadata: JSON.parse('{"row":12,"nested":{"list":[null,true,"x",1.5e300]},"odd key\\n":"","__proto__":{"a":1}}'),
    source: 'a call',
    derivedFrom: [],
    agent: 'planner',
    session: 's-1',
    speaker: null,
    importance: null,
    supersedes: null,
    tool: null,
    flags: [],
    at,
    createdAt: new Date(store.clock.nowMs),
    updatedAt: new Date(store.clock.nowMs),
    expiresAt,
    common: false,
    subject: null,
  })
})

test('what is not said has its default', async () => {
  const memory = store.memory({ subject: 'defaults' })
  const { id, durableUntil } = await memory.add('x', { actor: 'agent' })
  expect(durableUntil).toBeNull()
  expect(await memory.get(id)).toMatchObject({
    sensitivity: 'private',
    kind: 'note',
    tags: [],
    metadata: {},
    source: null,
    agent: null,
    session: null,
    at: new Date(store.clock.nowMs),
    expiresAt: null,
  })
})

test('the objects of the caller are copied: changing them afterwards changes nothing', async () => {
  const memory = store.memory({ subject: 'copies' })
  const [tags, metadata] = [['a'], { list: [1] }]
  const at = new Date(1000)
  const adding = memory.add('x', { actor: 'user', tags, metadata, at })
  tags.push('b')
  metadata.list.push(2)
  at.setTime(5)
  const found = await memory.get((await adding).id)
  expect(found).toMatchObject({ tags: ['a'], metadata: { list: [1] }, at: new Date(1000) })
})

test('addMany stores all in one commit, in order', async () => {
  const memory = store.memory({ subject: 'many' })
  const receipts = await memory.addMany(
    ['first', 'second', 'third'].map((content, index) => ({ content, actor: 'user' as const, tags: [`t${index}`] })),
  )
  const found = await Promise.all(receipts.map(({ id }) => memory.get(id)))
  expect(found.map((each) => each?.content)).toEqual(['first', 'second', 'third'])
  expect(found.map((each) => each?.tags)).toEqual([['t0'], ['t1'], ['t2']])
  const [row] = await store.database.query<{ versions: number; adds: number }>(
    `select count(distinct m.shelf_version)::int as versions, count(distinct e.id)::int as adds
     from memkeep.memory m join memkeep.event e on e.action = 'memory.add' and m.id = any (e.memories) where m.id = any ($1)`,
    [receipts.map(({ id }) => id)],
  )
  expect(row).toEqual({ versions: 1, adds: 1 })
  expect(await memory.addMany([])).toEqual([])
})

test('addMany with one bad memory stores none', async () => {
  const memory = store.memory({ subject: 'all or none' })
  const good = { content: 'good', actor: 'user' } as const
  const source = '01890000-0000-7000-8000-000000000000'
  expect(await codeOf(memory.addMany([good, { ...good, content: '' }]))).toBe('ERR_INPUT_INVALID')
  expect(await codeOf(memory.addMany([good, { ...good, derivedFrom: [source] }]))).toBe('ERR_INPUT_INVALID')
  expect(await codeOf(memory.addMany([good, { ...good, actor: 'system' }]))).toBe('ERR_ACCESS_DENIED')
  expect((await memory.list()).items).toEqual([])
})

test('addMessages stores the turns of a talk in their order', async () => {
  const memory = store.memory({ subject: 'talk', actors: ['system'] })
  const said = new Date('2025-11-01T10:00:00Z')
  const receipts = await memory.addMessages(
    [
      { role: 'system', content: 'be kind' },
      { role: 'user', content: 'hello', name: 'Ana' },
      { role: 'assistant', content: 'hi Ana' },
      { role: 'tool', content: '{"seat":"12A"}', at: said },
      { role: 'user', content: 'thanks' },
    ],
    { session: 'call 7' },
  )
  const turns = await Promise.all(receipts.map(({ id }) => memory.get(id)))
  const now = store.clock.nowMs
  expect(turns.map((turn) => [turn?.content, turn?.actor, turn?.trust, turn?.speaker, turn?.at.getTime()])).toEqual([
    ['be kind', 'system', 'system', null, now],
    ['hello', 'user', 'user', 'Ana', now + 1],
    ['hi Ana', 'agent', 'user', null, now + 2],
    ['{"seat":"12A"}', 'tool', 'external', null, said.getTime()],
    ['thanks', 'user', 'user', null, now],
  ])
  for (const turn of turns) expect(turn).toMatchObject({ kind: 'turn', session: 'call 7', sensitivity: 'private' })
})

test('a role that is none, a session that is missing and a message with an extra key are refused', async () => {
  const memory = store.memory({ subject: 'bad talk' })
  const session = { session: 's' }
  const turn = { role: 'user', content: 'x' } as const
  expect(await codeOf(memory.addMessages([{ ...turn, role: 'assistent' as 'user' }], session))).toBe(
    'ERR_INPUT_INVALID',
  )
  expect(await codeOf(memory.addMessages([turn], {} as { session: string }))).toBe('ERR_INPUT_INVALID')
  expect(await codeOf(memory.addMessages([{ ...turn, tenant: 'x' } as typeof turn], session))).toBe('ERR_INPUT_INVALID')
  expect(await codeOf(memory.addMessages([{ ...turn, content: 7 as unknown as string }], session))).toBe(
    'ERR_INPUT_INVALID',
  )
  expect(await codeOf(memory.addMessages('hello' as unknown as [], session))).toBe('ERR_INPUT_INVALID')
  expect((await memory.list()).items).toEqual([])
})
