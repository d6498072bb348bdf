import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Embedder } from '../../src/recall/embedder.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

// One answer of another dimension than the model's, among the vectors of a subject, and no search ranks that subject any more.

const user = { actor: 'user' } as const

/** A model that answers in the dimensions of `script`, one for each call, and from then on in `dims`. */
function scripted(dims: number, ...script: number[]) {
  const state = { dims, script }
  const embedder: Embedder = {
    provider: 'test',
    modelId: 'scripted',
    async doEmbed({ values }) {
      const length = state.script.shift() ?? state.dims
      return { embeddings: values.map(() => Array<number>(length).fill(1)) }
    },
  }
  return { state, embedder }
}

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start({ embedder: scripted(8).embedder })
})
afterAll(() => store?.[Symbol.asyncDispose]())

const contents = async (subject: string) =>
  (await store.memory({ subject }).list()).items.map(({ content }) => content).sort()

test('a first answer of another dimension is not stored, and the process goes on', async () => {
  const subject = 'first'
  await store.memory({ subject }).add('of another process', user)
  const keep = await store.open({ embedder: scripted(8, 4).embedder })
  const memory = store.memory({ subject }, keep)
  expect(await codeOf(memory.add('in four dimensions', user))).toBe('ERR_EMBEDDER')
  await memory.add('in eight', user)
  expect(await contents(subject)).toEqual(['in eight', 'of another process'])
  for (const each of [keep, store.keep]) {
    expect((await store.memory({ subject }, each).search('eight')).memories).toHaveLength(2)
    expect((await store.wide({ roles: ['admin'] }, each).search('eight')).memories.length).toBeGreaterThan(0)
  }
})

test('of two first answers at a time none is believed that no other agrees with', async () => {
  const keep = await store.open({ embedder: scripted(8, 4, 8).embedder })
  const memory = store.memory({ subject: 'race' }, keep)
  await Promise.allSettled([memory.add('one', user), memory.add('two', user)])
  await memory.add('three', user)
  const [, stored] = [await memory.search('x'), await store.memory({ subject: 'race' }).checkShelves()]
  expect(stored).toMatchObject({ ofOtherModels: 0 })
})

test('a query that was answered in another dimension spoils that search alone', async () => {
  const subject = 'query'
  await store.memory({ subject }).add('harbour', user)
  const keep = await store.open({ embedder: scripted(8, 4).embedder })
  const memory = store.memory({ subject }, keep)
  expect(await codeOf(memory.search('harbour'))).toBe('ERR_EMBEDDER_MISMATCH')
  expect((await memory.search('harbour')).memories).toHaveLength(1)
  await memory.add('quay', user)
  expect((await memory.search('harbour')).memories).toHaveLength(2)
})

test('a shelf that is held knows better than answers that agree', async () => {
  const subject = 'held'
  const { state, embedder } = scripted(8)
  await store.memory({ subject }).add('harbour', user)
  const memory = store.memory({ subject }, await store.open({ embedder }))
  await memory.search('harbour')
  state.dims = 4
  expect(await codeOf(memory.add('in four dimensions', user))).toBe('ERR_EMBEDDER')
  const late = await memory.add('later', { ...user, embed: 'now-or-later' })
  state.dims = 8
  await memory.add('in eight', user)
  expect(await contents(subject)).toEqual(['harbour', 'in eight', 'later'])
  expect((await memory.search('later')).memories.map(({ id }) => id)).toContain(late.id)
})

test('what stands in another dimension is counted by a check of the shelves, and mended by embedding it anew', async () => {
  const subject = 'mixed'
  const memory = store.memory({ subject, roles: ['admin'] })
  await memory.addMany(['one', 'two'].map((content) => ({ content, ...user })))
  // Nothing tells a process that holds no shelf.
  await store.memory({ subject }, await store.open({ embedder: scripted(4).embedder })).add('three', user)
  const model = 'test/scripted'
  expect(await memory.checkShelves()).toMatchObject({ models: { [model]: 3 }, ofOtherModels: 1, withoutVector: 0 })
  // One whose embedder has not answered yet goes by most.
  const fresh = store.memory({ subject }, await store.open({ embedder: scripted(8).embedder }))
  expect(await fresh.checkShelves()).toMatchObject({ ofOtherModels: 1 })
  await memory.reembed()
  expect(await memory.checkShelves()).toMatchObject({ ofOtherModels: 0 })
  expect((await memory.search('three')).memories).toHaveLength(3)
})

test('a model that says its dimension is held to it from the first answer on', async () => {
  const { embedder } = scripted(8, 4, 4)
  const memory = store.memory({ subject: 'said' }, await store.open({ embedder: { ...embedder, dimensions: 8 } }))
  expect(await codeOf(memory.add('in four dimensions', user))).toBe('ERR_EMBEDDER')
  expect(await contents('said')).toEqual([])
})
