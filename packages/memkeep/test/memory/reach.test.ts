import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { codeOf, codesOf } from '../support/code-of.ts'
import { type Asking, TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const
let count = 0
/** A tenant of its own for each test. */
async function tenant(): Promise<string> {
  const name = `tenant ${++count}`
  await store.createTenant(name)
  return name
}
type Reading = Pick<ReturnType<TestKeep['memory']>, 'search' | 'list'>
const listed = async (memory: Reading) => (await memory.list({ limit: 100 })).items.map(({ content }) => content).sort()
const found = async (memory: Reading, word: string) =>
  (await memory.search(word, { limit: 100 })).memories.map(({ content }) => content).sort()

describe('common memories', () => {
  test('every subject of the tenant recalls them within its clearance, and nobody else', async () => {
    const here = await tenant()
    const common = store.common({ tenant: here, rights: ['common'], roles: ['admin'] })
    const { id } = await common.add('office closed', user)
    await common.add('office safe code', { ...user, sensitivity: 'sensitive' })
    for (const keep of [store.keep, second]) {
      const ana = store.memory({ tenant: here, subject: 'ana' }, keep)
      expect(await found(ana, 'office')).toEqual(['office closed'])
      expect(await listed(ana)).toEqual(['office closed'])
      expect(await ana.get(id)).toMatchObject({ common: true, subject: null })
      expect(await listed(store.common({ tenant: here }, keep))).toEqual(['office closed'])
      expect(await found(store.memory({ tenant: here, roles: ['admin'] }, keep), 'office')).toHaveLength(2)
      expect(await found(store.memory({ tenant: 'acme' }, keep), 'office')).toEqual([])
    }
  })

  test('memories of a subject are not common', async () => {
    const here = await tenant()
    await store.memory({ tenant: here }).add('private matter', user)
    expect(await found(store.common({ tenant: here, roles: ['admin'] }), 'matter')).toEqual([])
    expect(await listed(store.common({ tenant: here, roles: ['admin'] }))).toEqual([])
  })

  test('writing and deleting them needs the right for it', async () => {
    const here = await tenant()
    const writer = store.common({ tenant: here, rights: ['common'] })
    const { id } = await writer.add('notice', user)
    const reader = store.common({ tenant: here })
    const calls = [
      reader.add('x', user),
      reader.addMany([{ content: 'x', ...user }]),
      reader.update(id, { content: 'x' }, user),
      reader.delete(id),
      reader.deleteMany({ all: true }),
      reader.deleteMany({ kinds: ['note'] }),
    ]
    expect(new Set(await codesOf(calls))).toEqual(new Set(['ERR_ACCESS_DENIED']))
    expect(await listed(reader)).toEqual(['notice'])
    expect(await writer.update(id, { content: 'notice 2' }, user)).toMatchObject({ version: 2 })
    expect(await writer.delete(id)).toBe(true)
  })

  test('through the scope of a subject they are read and never changed', async () => {
    const here = await tenant()
    const { id } = await store.common({ tenant: here, rights: ['common'] }).add('notice', user)
    const ana = store.memory({ tenant: here, rights: ['common'], roles: ['admin'] })
    expect(await ana.update(id, { content: 'x' }, user)).toBeNull()
    expect(await ana.delete(id)).toBe(false)
    await ana.deleteMany({ all: true })
    expect(await ana.deleteMany({ kinds: ['note'] })).toEqual({ deleted: 0 })
    expect((await ana.get(id))?.content).toBe('notice')
    await ana.deleteMany({ tags: ['x'] })
    expect(await listed(ana)).toEqual(['notice'])
  })
})

describe('a tenant-wide scope', () => {
  test('reads every subject, says whom a memory is about, and nothing of another tenant', async () => {
    const [here, there] = [await tenant(), await tenant()]
    for (const subject of ['ana', 'bob', '*'])
      await store.memory({ tenant: here, subject }).add(`tea for ${subject}`, user)
    await store.common({ tenant: here, rights: ['common'] }).add('tea for all', user)
    await store.memory({ tenant: there, subject: 'ana' }).add('tea elsewhere', user)
    for (const keep of [store.keep, second]) {
      const wide = store.wide({ tenant: here, roles: ['admin'] }, keep)
      const memories = (await wide.search('tea', { limit: 100 })).memories
      expect(memories.map(({ content, subject, common }) => [content, subject, common]).sort()).toEqual([
        ['tea for *', '*', false],
        ['tea for all', null, true],
        ['tea for ana', 'ana', false],
        ['tea for bob', 'bob', false],
      ])
      expect(await listed(wide)).toHaveLength(4)
      for (const { id, subject } of memories) {
        expect(await wide.get(id)).toMatchObject({ id, subject })
        expect((await wide.history(id)).map((each) => each.subject)).toEqual([subject])
      }
    }
  })

  test('needs the right `tenant`, and stays within its clearance', async () => {
    const here = await tenant()
    const { id } = await store.memory({ tenant: here }).add('x marks', user)
    await store.memory({ tenant: here }).add('x secret', { ...user, sensitivity: 'sensitive' })
    const without = store.wide({ tenant: here })
    const calls = [without.search('x'), without.list(), without.get(id), without.history(id)]
    expect(await codesOf(calls)).toEqual(Array(4).fill('ERR_ACCESS_DENIED'))
    expect(await found(store.wide({ tenant: here, rights: ['tenant'] }), 'x')).toEqual(['x marks'])
    expect(await found(store.wide({ tenant: here, roles: ['admin'] }), 'x')).toEqual(['x marks', 'x secret'])
  })

  test('its handle has no verb that writes', async () => {
    const wide = store.wide({ roles: ['admin'] }) as unknown as Record<string, unknown>
    for (const verb of ['add', 'addMany', 'addMessages', 'update', 'delete', 'deleteMany'])
      expect(wide[verb]).toBeUndefined()
  })

  test('sees a subject that came into being meanwhile', async () => {
    const here = await tenant()
    const wide = store.wide({ tenant: here, roles: ['admin'] }, second)
    expect(await listed(wide)).toEqual([])
    await store.memory({ tenant: here, subject: 'late' }).add('x', user)
    expect((await wide.list()).items.map(({ subject }) => subject)).toEqual(['late'])
  })
})

describe.each([
  ['agent', { agent: 'planner' }, { agent: 'critic' }],
  ['session', { session: 's-1' }, { session: 's-2' }],
] as const)('a scope bound to one %s', (attribute, mine, others) => {
  test('reads, changes and deletes what carries exactly it', async () => {
    const subject = `bound ${++count}`
    const [bound, other, free] = [{ ...mine }, { ...others }, {}].map((over) => store.memory({ subject, ...over }))
    const ids = []
    for (const [memory, content] of [
      [bound!, 'word one'],
      [other!, 'word two'],
      [free!, 'word three'],
    ] as const) {
      ids.push((await memory.add(content, { ...user, tags: ['t'] })).id)
    }
    const [own, foreign, none] = ids as [string, string, string]
    expect(await found(bound!, 'word')).toEqual(['word one'])
    expect(await listed(bound!)).toEqual(['word one'])
    expect(await listed(store.memory({ subject, ...mine }, second))).toEqual(['word one'])
    expect(await listed(free!)).toEqual(['word one', 'word three', 'word two'])
    for (const id of [foreign, none]) {
      expect(await bound!.get(id)).toBeNull()
      expect(await bound!.history(id)).toEqual([])
      expect(await bound!.update(id, { content: 'x' }, user)).toBeNull()
      expect(await bound!.delete(id)).toBe(false)
    }
    expect(await bound!.get(own)).toMatchObject({ [attribute]: Object.values(mine)[0] })
    expect(await bound!.update(own, { tags: ['t'] }, user)).toMatchObject({ version: 2 })
    expect(await bound!.deleteMany({ tags: ['t'] })).toEqual({ deleted: 1 })
    await bound!.add('word four', user)
    expect(await bound!.deleteMany({ all: true })).toEqual({ deleted: 1 })
    const { id } = await bound!.add('word five', user)
    expect(await bound!.delete(id)).toBe(true)
    expect(await listed(free!)).toEqual(['word three', 'word two'])
  })

  test('another one cannot be asked for', async () => {
    const bound = store.memory({ subject: `bound ${++count}`, ...mine })
    expect(await codeOf(bound.search('x', others))).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(bound.search('x', mine))).toBe('none')
    if (attribute === 'agent') return
    const session = 's-2'
    const calls = [
      bound.add('x', { ...user, session }),
      bound.addMany([{ content: 'x', ...user, session }]),
      bound.addMessages([{ role: 'user', content: 'x' }], { session }),
      bound.deleteMany({ session }),
    ]
    expect(await codesOf(calls)).toEqual(Array(4).fill('ERR_ACCESS_DENIED'))
    expect(await listed(bound)).toEqual([])
  })

  test('hides common memories too: they carry none', async () => {
    const here = await tenant()
    await store.common({ tenant: here, rights: ['common'] }).add('notice', user)
    expect(await listed(store.memory({ tenant: here, ...mine }))).toEqual([])
    expect(await listed(store.memory({ tenant: here }))).toEqual(['notice'])
  })
})

test('a scope of one agent or session makes no key: it would reach the whole subject', async () => {
  const minter: Asking = { subject: 'minting', rights: ['mint'] }
  const mint = (asking: Asking) => codeOf(store.memory(asking).mintKey({ subject: 'minting' }))
  expect(await mint(minter)).toBe('none')
  for (const bound of [{ agent: 'planner' }, { session: 'talk' }])
    expect(await mint({ ...minter, ...bound })).toBe('ERR_ACCESS_DENIED')
})
