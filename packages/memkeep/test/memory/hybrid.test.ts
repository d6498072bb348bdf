import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Embedder } from '../../src/recall/embedder.ts'
import type { Languages } from '../../src/recall/languages.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

/** English with one rule and one stop word. */
const languages: Languages = {
  languageOf: () => 'en',
  language: (code) =>
    code === 'en' ? { stem: (word) => word.replace(/(ing|ed|s)$/, ''), isStopWord: (word) => word === 'who' } : null,
}
const embedded: string[] = []
/** Says how much a text is about boats. */
const embedder: Embedder = {
  provider: 'test',
  modelId: 'boats',
  doEmbed: async ({ values }) => {
    embedded.push(...values)
    return { embeddings: values.map((text) => [/boat|yacht|vessel/.test(text) ? 1 : 0, 1]) }
  },
}

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start({ languages, embedder })
})
afterAll(() => store?.[Symbol.asyncDispose]())

test('finds by stem, by meaning and by what stands beside, and says how', async () => {
  const memory = store.memory({ subject: 'hybrid' })
  await memory.addMessages(
    [
      { role: 'user', name: 'Ana', content: 'Where did you sail?' },
      { role: 'user', name: 'Ben', content: 'Round the island.' },
      { role: 'user', name: 'Ana', content: 'Lovely.' },
    ],
    { session: 's1' },
  )
  await memory.add('a yacht in the harbour', { actor: 'user' })
  await memory.add('groceries', { actor: 'user' })
  const { memories } = await memory.search('who sailed a vessel?', { explain: true })
  const parts = new Map(memories.map(({ content, explain }) => [content, explain!]))
  expect(parts.get('Where did you sail?')!.terms).toBeGreaterThan(0)
  expect(parts.get('a yacht in the harbour')!.vector).toBeGreaterThan(0)
  expect(parts.get('Round the island.')!.neighbour).toBeGreaterThan(0)
  expect(parts.get('groceries')!.neighbour).toBeUndefined()
  for (const { score, explain } of memories) {
    expect(score).toBe(Object.values(explain!).reduce((sum, part) => sum + part, 0))
  }
})

test('a turn is found by its speaker and its day, and embedded with its speaker', async () => {
  const memory = store.memory({ subject: 'speakers' })
  const at = new Date('2023-05-08T10:00:00Z')
  await memory.addMessages([{ role: 'user', name: 'Chidi', content: 'I moved', at }], { session: 's1' })
  await memory.add('Something else, of 2024', { actor: 'user' })
  expect(embedded).toContain('Chidi: I moved')
  for (const query of ['Chidi', 'on May 8', '2023']) {
    const { memories } = await memory.search(query, { explain: true })
    expect([memories[0]!.content, memories[0]!.explain!.terms! > 0], query).toEqual(['I moved', true])
  }
  const [turn] = (await memory.list({ kinds: ['turn'] })).items
  await memory.update(turn!.id, { content: 'I stayed' }, { actor: 'user' })
  expect(embedded).toContain('Chidi: I stayed')
  expect((await memory.search('2023 stay')).memories[0]!.content).toBe('I stayed')
})

test('weights put recent or important memories first, and must be numbers from 0', async () => {
  const memory = store.memory({ subject: 'weights' })
  const day = 86_400_000
  const at = (days: number) => new Date(store.clock.nowMs - days * day)
  await memory.addMany([
    { content: 'tea, long ago', actor: 'user', at: at(300), importance: 1 },
    { content: 'tea, of today', actor: 'user', at: at(0), importance: 0 },
  ])
  const first = async (weights: object) => (await memory.search('tea', { weights })).memories[0]!.content
  expect(await first({ recency: 1 })).toBe('tea, of today')
  expect(await first({ importance: 1 })).toBe('tea, long ago')
  const kept = (await memory.list()).items.map(({ content, importance }) => [content, importance])
  expect(kept).toContainEqual(['tea, long ago', 1])
  const most = { recency: 1000, importance: 1000, halfLifeDays: Number.MAX_VALUE }
  for (const { score } of (await memory.search('tea', { weights: most })).memories) expect(score).toBeLessThan(1e6)
  const tooMuch = [
    { recency: 1000.5 },
    { importance: 1e308 },
    { importance: Number.POSITIVE_INFINITY },
    { recency: '1' },
  ]
  const none = [
    { recency: -1 },
    { importance: Number.NaN },
    { halfLifeDays: 0 },
    { halfLifeDays: Number.POSITIVE_INFINITY },
    { speed: 1 },
    null,
  ]
  for (const weights of [...tooMuch, ...none]) {
    expect(await codeOf(memory.search('tea', { weights: weights as object }))).toBe('ERR_INPUT_INVALID')
  }
  for (const explain of [1, 'true', null]) {
    expect(await codeOf(memory.search('tea', { explain: explain as unknown as boolean }))).toBe('ERR_INPUT_INVALID')
  }
  for (const importance of [-0.1, 1.1, Number.NaN, '1' as unknown as number]) {
    expect(await codeOf(memory.add('x', { actor: 'user', importance }))).toBe('ERR_INPUT_INVALID')
  }
})

test('no text of a caller without the right goes to the embedder, nor one of a tenant that is not there', async () => {
  const nobody = { subject: 'unheard', roles: ['no such role'] }
  const before = embedded.length
  for (const memory of [store.memory(nobody), store.memory({ ...nobody, tenant: 'nowhere' })]) {
    const code = /^ERR_(ACCESS_DENIED|TENANT_UNKNOWN)$/
    expect(await codeOf(memory.search('a boat of mine'))).toMatch(code)
    expect(await codeOf(memory.add('a boat of mine', { actor: 'user' }))).toMatch(code)
  }
  expect(embedded.slice(before)).toEqual([])
  await store.memory({ subject: 'unheard' }).search('a boat of mine')
  expect(embedded.slice(before)).toEqual(['a boat of mine'])
})
