import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import type { Embedder } from '../../src/recall/embedder.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

// A text that the embedder refuses is its own loss: not that of the texts beside it, and no other tenant's.

const user = { actor: 'user' } as const
const tenants = ['evil', 'a', 'b', 'c', 'd', 'e', 'f', 'g']
/** What the embedder does with the texts of one call: throws what an embedder would. */
let onTexts: (texts: readonly string[]) => void = () => {}
let asked: string[] = []

const failing = (isRetryable: boolean) => Object.assign(new Error('refused'), { isRetryable })
const refusing = (texts: readonly string[]) => {
  if (texts.some((text) => text.includes('POISON'))) throw failing(false)
}

function embedder(modelId: string): Embedder {
  return {
    ...{ provider: 'test', modelId },
    async doEmbed({ values }) {
      asked.push(...values)
      onTexts(values)
      return { embeddings: values.map((text) => [text.length, 1, /heron|QUERY/.test(text) ? 50 : 0]) }
    },
  }
}

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
  for (const tenant of tenants) await store.createTenant(tenant)
})
afterAll(() => store?.[Symbol.asyncDispose]())

let keep: Keep
let subject = ''
let count = 0
beforeEach(async () => {
  subject = `subject ${count++}`
  onTexts = () => {}
  asked = []
  keep = await store.open({ embedder: embedder('m'), upkeep: { ...store.database.upkeep, max: 2 } })
})
afterEach(async () => {
  onTexts = () => {}
  await keep.runUpkeep()
  await keep.close()
})

const memory = (tenant: string, of = keep) => store.memory({ tenant, subject, roles: ['admin'] }, of)
const later = { ...user, embed: 'later' } as const
/** Of these tenants, those whose memory of this test has no vector. */
async function lacking(): Promise<string[]> {
  const lacks: string[] = []
  for (const tenant of tenants) if ((await memory(tenant).checkShelves()).withoutVector > 0) lacks.push(tenant)
  return lacks
}
const waiting = () => keep.metrics().upkeep?.waitingShelves

test('keeps no other tenant waiting; it is found by its words and waits for nothing', async () => {
  onTexts = refusing
  expect(await memory('evil').add('POISON pill', { ...user, embed: 'now-or-later' })).toMatchObject({
    outcome: 'queued',
  })
  for (const tenant of tenants.slice(1)) await memory(tenant).add('a heron', later)
  expect(await keep.runUpkeep()).toMatchObject({ embedded: 7, refused: 1 })
  expect(await lacking()).toEqual(['evil'])
  expect(waiting()).toBe(0)
  const found = await memory('evil').search('pill')
  expect(found.memories.map(({ content }) => content)).toEqual(['POISON pill'])
  // Nobody asks the embedder for it again.
  asked = []
  await memory('evil').add('a stone', later)
  expect(await keep.runUpkeep()).toMatchObject({ embedded: 1, refused: 0 })
  expect(asked.filter((text) => text !== 'memkeep')).toEqual(['a stone'])
})

test('that fails as if it may pass keeps no other tenant waiting either, and waits itself', async () => {
  onTexts = (texts) => {
    if (texts.includes('POISON')) throw failing(true)
  }
  for (const tenant of tenants) await memory(tenant).add(tenant === 'evil' ? 'POISON' : 'a heron', later)
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_EMBEDDER')
  expect(await lacking()).toEqual(['evil'])
  expect(waiting()).toBe(1)
})

test('that takes the embedder down ends a pass, and the next begins behind it', async () => {
  let first: string | null = null
  let isDown = false
  onTexts = (texts) => {
    const own = texts.find((text) => text.startsWith('text of'))
    first ??= own ?? null
    isDown ||= own !== undefined && own === first
    if (isDown) throw failing(true)
  }
  for (const tenant of tenants) await memory(tenant).add(`text of ${tenant}`, later)
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_EMBEDDER')
  expect(await lacking()).toHaveLength(tenants.length)
  expect(waiting()).toBe(tenants.length)
  isDown = false
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_EMBEDDER')
  expect((await lacking()).map((tenant) => `text of ${tenant}`)).toEqual([first])
  expect(waiting()).toBe(1)
})

test('is told from an embedder that refuses everything: then nothing is given up, and it is not asked for every shelf', async () => {
  onTexts = () => {
    throw failing(false)
  }
  for (const tenant of tenants) await memory(tenant).add('a heron', later)
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_EMBEDDER')
  expect(asked.length).toBeLessThan(tenants.length)
  // Its key is taken back after its first answer.
  onTexts = (texts) => {
    if (!texts.includes('memkeep') || asked.length > 1) throw failing(false)
  }
  asked = []
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_EMBEDDER')
  onTexts = () => {}
  expect(await keep.runUpkeep()).toMatchObject({ embedded: tenants.length, refused: 0 })
  expect(await lacking()).toEqual([])
})

test('costs no text of its own shelf anything; reembed names it each time', async () => {
  onTexts = refusing
  const texts = Array.from({ length: 70 }, (_, n) => ([5, 66].includes(n) ? `POISON ${n}` : `a heron ${n}`))
  const ids = (
    await memory('a').addMany(
      texts.map((content) => ({ content, ...user })),
      { embed: 'later' },
    )
  ).map(({ id }) => id)
  const poison = [ids[5], ids[66]].sort()
  const report = await memory('a').reembed()
  expect(report).toMatchObject({ entries: 70, reembedded: 68, left: 0, broken: [] })
  expect([...report.refused].sort()).toEqual(poison)
  const again = await memory('a').reembed()
  expect(again).toMatchObject({ entries: 70, reembedded: 0 })
  expect([...again.refused].sort()).toEqual(poison)
  expect(await keep.runUpkeep()).toMatchObject({ embedded: 0, refused: 0 })
  // Another model may take it.
  onTexts = () => {}
  expect(await memory('a').reembed()).toMatchObject({ reembedded: 2, refused: [] })
  expect(await memory('a').checkShelves()).toMatchObject({ withoutVector: 0 })
})

test('has the vector of the former model until that goes', async () => {
  const next = await store.open({ embedder: embedder('next') })
  await memory('b').addMany(['POISON pill', 'a heron'].map((content) => ({ content, ...user })))
  onTexts = refusing
  expect(await memory('b', next).reembed()).toMatchObject({ reembedded: 1, refused: [expect.any(String)] })
  expect((await memory('b').search('QUERY')).memories).toHaveLength(2)
  expect(await memory('b', next).reembed({ dropFormer: true })).toMatchObject({ refused: [expect.any(String)] })
  expect((await memory('b', next).search('QUERY', { limit: 1 })).memories[0]?.content).toBe('a heron')
  expect((await memory('b', next).search('pill')).memories[0]?.content).toBe('POISON pill')
})
