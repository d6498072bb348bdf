import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const
const missing = '01890000-0000-7000-8000-000000000000'
let count = 0
const fresh = (over = {}) => store.memory({ subject: `subject ${++count}`, ...over })
const contents = async (memory: ReturnType<typeof fresh>) =>
  (await memory.list({ limit: 100 })).items.map(({ content }) => content).sort()

describe('update', () => {
  test('puts a new version in place; what the patch leaves out stays', async () => {
    const memory = fresh()
    const { id } = await memory.add('old', { ...user, tags: ['t'], metadata: { a: 1 }, source: 'src', kind: 'fact' })
    const before = await memory.get(id)
    const receipt = await memory.update(id, { content: 'new' }, user)
    expect(receipt).toMatchObject({ outcome: 'stored', id, version: 2, trust: 'user', durableUntil: null })
    expect(await memory.get(id)).toEqual({ ...before, version: 2, content: 'new' })
    await memory.update(id, { tags: [], metadata: { b: 2 } }, user)
    expect(await memory.get(id)).toMatchObject({ content: 'new', tags: [], metadata: { b: 2 }, source: 'src' })
    expect((await memory.search('old')).memories).toEqual([])
    expect((await memory.search('new')).memories.map((each) => each.version)).toEqual([3])
  })

  test('a foreign id, a missing one and a deleted one are null', async () => {
    const owner = fresh()
    const { id } = await owner.add('mine', user)
    const other = fresh()
    await other.add('own', user)
    for (const asked of [id, missing, 'nonsense']) expect(await other.update(asked, { content: 'x' }, user)).toBeNull()
    expect(await store.memory({ tenant: 'globex' }).update(id, { content: 'x' }, user)).toBeNull()
    await owner.delete(id)
    expect(await owner.update(id, { content: 'x' }, user)).toBeNull()
    expect((await other.list()).items).toHaveLength(1)
  })

  test('ifVersion: only over exactly that version', async () => {
    const memory = fresh()
    const { id } = await memory.add('v1', user)
    expect(await codeOf(memory.update(id, { content: 'x' }, { ...user, ifVersion: 2 }))).toBe('ERR_VERSION_CONFLICT')
    expect(await memory.update(id, { content: 'v2' }, { ...user, ifVersion: 1 })).toMatchObject({ version: 2 })
    const racing = await Promise.all(
      ['a', 'b', 'c', 'd'].map((content) => codeOf(memory.update(id, { content }, { ...user, ifVersion: 2 }))),
    )
    expect(racing.sort()).toEqual(['ERR_VERSION_CONFLICT', 'ERR_VERSION_CONFLICT', 'ERR_VERSION_CONFLICT', 'none'])
    for (const ifVersion of [0, -1, 1.5, '2', null]) {
      expect(await codeOf(memory.update(id, {}, { ...user, ifVersion: ifVersion as number }))).toBe('ERR_INPUT_INVALID')
    }
  })

  test('updates at once without ifVersion all take place, one after the other', async () => {
    const memory = fresh()
    const { id } = await memory.add('v1', user)
    await Promise.all(['a', 'b', 'c'].map((content) => memory.update(id, { content }, user)))
    const versions = await memory.history(id)
    expect(versions.map(({ version }) => version)).toEqual([4, 3, 2, 1])
    expect(versions.map(({ content }) => content).sort()).toEqual(['a', 'b', 'c', 'v1'])
  })

  test('a memory is trusted no more than the least of its authors', async () => {
    const memory = fresh({ actors: ['system'] })
    const { id } = await memory.add('x', { actor: 'system' })
    expect(await memory.update(id, { content: 'y' }, { actor: 'tool' })).toMatchObject({ trust: 'external' })
    expect(await memory.update(id, { content: 'z' }, { actor: 'system' })).toMatchObject({ trust: 'external' })
    expect((await memory.search('z', { minTrust: 'user' })).memories).toEqual([])
  })
})

describe('delete', () => {
  test('removes every version; the second time there is nothing', async () => {
    const memory = fresh()
    const { id } = await memory.add('v1', user)
    await memory.update(id, { content: 'v2' }, user)
    expect(await memory.delete(id)).toBe(true)
    expect(await memory.delete(id)).toBe(false)
    expect([await memory.get(id), await memory.history(id)]).toEqual([null, []])
    expect((await memory.search('v2')).memories).toEqual([])
    for (const table of ['memory', 'memory_version']) {
      expect(await store.database.query(`select 1 from memkeep.${table} where id = $1`, [id])).toEqual([])
    }
  })

  test('a foreign id and a missing one are false, and nothing goes', async () => {
    const owner = fresh()
    const { id } = await owner.add('mine', user)
    const others = [fresh(), store.memory({ tenant: 'globex' }), store.common({ rights: ['common'] })]
    for (const other of others) {
      for (const asked of [id, missing, '*', '']) expect(await other.delete(asked)).toBe(false)
      await other.deleteMany({ all: true })
    }
    expect((await owner.get(id))?.content).toBe('mine')
  })

  test('deleteMany: by session, tags, kinds, or all', async () => {
    const memory = fresh()
    const fill = async () => {
      await memory.addMany([
        { content: 'a', ...user, session: 's', tags: ['x', 'y'], kind: 'fact' },
        { content: 'b', ...user, session: 's', tags: ['x'], kind: 'plan' },
        { content: 'c', ...user, tags: ['y'], kind: 'fact' },
      ])
    }
    await fill()
    expect(await memory.deleteMany({ session: 's' })).toEqual({ deleted: 2 })
    expect(await contents(memory)).toEqual(['c'])
    expect(await memory.deleteMany({ all: true })).toEqual({ deleted: 1 })
    await fill()
    expect(await memory.deleteMany({ tags: ['x', 'y'] })).toEqual({ deleted: 1 })
    expect(await memory.deleteMany({ kinds: ['fact', 'plan'], session: 's' })).toEqual({ deleted: 1 })
    expect(await memory.deleteMany({ tags: ['nobody has it'] })).toEqual({ deleted: 0 })
    expect(await contents(memory)).toEqual(['c'])
  })

  test('deleteMany: a filter that says nothing throws and deletes nothing', async () => {
    const memory = fresh()
    await memory.add('stays', user)
    const filters = [
      {},
      { all: false },
      { all: true, session: 's' },
      { tags: [] },
      { kinds: [] },
      { session: '' },
      { id: 'x' },
    ]
    for (const filter of [...filters, null, undefined, [], 'all', { session: undefined }]) {
      expect(await codeOf(memory.deleteMany(filter as { all: true }))).toBe('ERR_INPUT_INVALID')
    }
    expect(await contents(memory)).toEqual(['stays'])
  })

  test('deleting does not bar the subject', async () => {
    const memory = fresh()
    await memory.add('before', user)
    await memory.deleteMany({ all: true })
    await memory.add('after', user)
    expect(await contents(memory)).toEqual(['after'])
  })

  test('deleteMany while others write: exactly what matches goes', async () => {
    const memory = fresh()
    const [keeps, goes] = [
      { ...user, tags: ['keep'] },
      { ...user, tags: ['go'] },
    ]
    await memory.addMany([
      { content: 'k0', ...keeps },
      { content: 'g0', ...goes },
    ])
    const writing = Array.from({ length: 8 }, (_, n) => memory.add(`k${n + 1}`, keeps))
    expect((await memory.deleteMany({ tags: ['go'] })).deleted).toBe(1)
    await Promise.all(writing)
    expect(await contents(memory)).toEqual(Array.from({ length: 9 }, (_, n) => `k${n}`))
  })
})
