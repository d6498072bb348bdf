import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Embedder, Keep } from '../../src/index.ts'
import { codeOf, codesOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let keep: Keep
/** Called with the embedder's signal; what it answers is waited for. */
let onEmbed: () => Promise<void> = async () => {}
const embedder: Embedder = {
  provider: 'test',
  modelId: 'lengths',
  async doEmbed({ values }) {
    await onEmbed()
    return { embeddings: values.map((value) => [1, value.length]) }
  },
}
beforeAll(async () => {
  store = await TestKeep.start()
  keep = await store.open({ embedder })
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const
const turn = { role: 'user', content: 'x' } as const

test('a signal that was aborted before stops every call that takes one', async () => {
  const memory = store.memory()
  const signal = AbortSignal.abort()
  const calls = [
    memory.add('x', { ...user, signal }),
    memory.addMany([{ content: 'x', ...user }], { signal }),
    memory.addMessages([turn], { session: 's', signal }),
    memory.search('x', { signal }),
  ]
  expect(new Set(await codesOf(calls))).toEqual(new Set(['ERR_ABORTED']))
  expect((await memory.list()).items).toEqual([])
})

test('aborted while the embedder works: nothing is stored, and nobody waits for the embedder', async () => {
  const memory = store.memory({}, keep)
  const { promise: never } = Promise.withResolvers<void>()
  onEmbed = () => never
  const controller = new AbortController()
  const calls = [
    memory.add('x', { ...user, signal: controller.signal }),
    memory.search('x', { signal: controller.signal }),
  ].map((call) => codeOf(call))
  setTimeout(() => controller.abort(), 20)
  expect(await Promise.all(calls)).toEqual(['ERR_ABORTED', 'ERR_ABORTED'])
  onEmbed = async () => {}
  expect((await memory.list()).items).toEqual([])
})

test('after the write was sent the signal is heeded no more: what was done is said', async () => {
  const controller = new AbortController()
  const sealed = await store.open({
    seams: { clock: store.clock, reach: (point) => point === 'memory.acknowledged' && controller.abort() },
  })
  const { id } = await store.memory({}, sealed).add('stored', { ...user, signal: controller.signal })
  expect(controller.signal.aborted).toBe(true)
  expect((await store.memory().get(id))?.content).toBe('stored')
})

test('aborted at the last moment before the write: nothing is stored', async () => {
  const subject = 'last moment'
  const controller = new AbortController()
  const memory = store.memory({ subject }, keep)
  onEmbed = async () => controller.abort()
  expect(await codeOf(memory.add('x', { ...user, signal: controller.signal }))).toBe('ERR_ABORTED')
  onEmbed = async () => {}
  expect((await memory.list()).items).toEqual([])
})

test('what is no signal is refused', async () => {
  for (const signal of [{}, { aborted: true }, null, true]) {
    expect(await codeOf(store.memory().add('x', { ...user, signal: signal as AbortSignal }))).toBe('ERR_INPUT_INVALID')
    expect(await codeOf(store.memory().search('x', { signal: signal as AbortSignal }))).toBe('ERR_INPUT_INVALID')
  }
})

test('an embedder that fails stores nothing and says so', async () => {
  const memory = store.memory({ subject: 'failing' }, keep)
  onEmbed = () => Promise.reject(new Error('down'))
  expect(await codeOf(memory.add('x', user))).toBe('ERR_EMBEDDER')
  expect(await codeOf(memory.search('x'))).toBe('ERR_EMBEDDER')
  onEmbed = async () => {}
  expect((await memory.list()).items).toEqual([])
})
