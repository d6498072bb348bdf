import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Distillate } from '../../src/index.ts'
import { TestKeep } from '../support/test-keep.ts'

// Screeners and distillers are foreign code: they fail, answer nothing, or answer what is no answer.

const day = 86_400_000
const fact = 'I drink tea at five.'
const whole = (content: string): Distillate => ({ kept: content, omitted: [] })
const never = () => new Promise<never>(() => {})
const fails = () => Promise.reject(new Error('down'))

let distils: (content: string) => Distillate | Promise<Distillate> = whole
let asked = 0
let store: TestKeep
beforeAll(async () => {
  const distiller = {
    name: 'd',
    distil: ({ content }: { content: string }) => {
      asked++
      return distils(content)
    },
  }
  store = await TestKeep.start({ distiller, screeningTimeoutMs: 200 })
})
afterAll(() => store?.[Symbol.asyncDispose]())

let count = 0
const subject = () => store.memory({ subject: `subject ${++count}`, roles: ['admin'] })
const told = async (turns = [fact]) => {
  const memory = subject()
  await memory.addMessages(
    turns.map((content) => ({ role: 'user' as const, content })),
    { session: 'talk' },
  )
  return memory
}
const contents = async (memory: ReturnType<typeof subject>) => (await memory.list()).items.map(({ content }) => content)
const upkeepAfter = async (days: number) => {
  store.clock.advance(days * day)
  await store.keep.runUpkeep()
}

describe('an episode that the distiller fails at', () => {
  test('is distilled again later, and stays', async () => {
    const memory = await told()
    distils = fails
    await store.keep.runUpkeep()
    distils = whole
    await upkeepAfter(7)
    await upkeepAfter(24)
    expect((await memory.list()).items).toMatchObject([{ content: fact, expiresAt: null }])
  })

  test('is distilled after its end too, when the distiller was down for all of its days', async () => {
    const memory = await told()
    distils = fails
    for (const days of [0, 10, 10, 9, 4]) await upkeepAfter(days)
    expect(await contents(memory)).toEqual([])
    distils = whole
    await upkeepAfter(1)
    expect(await contents(memory)).toEqual([fact])
  })

  test('is removed a week after its end, and not tried for ever', async () => {
    const memory = await told()
    distils = fails
    for (const days of [0, 30, 8]) await upkeepAfter(days)
    asked = 0
    distils = whole
    for (const days of [1, 1]) await upkeepAfter(days)
    expect([asked, await contents(memory)]).toEqual([0, []])
  })
})

describe('a distiller that never answers', () => {
  test('holds up upkeep for three texts; the others wait for the next time, and none is lost', async () => {
    const turns = [1, 2, 3, 4, 5, 6].map((number) => `${fact} ${number}`)
    const memory = await told(turns)
    distils = never
    asked = 0
    await store.keep.runUpkeep()
    await store.keep.runUpkeep()
    expect(asked).toBe(3)
    distils = whole
    await upkeepAfter(1)
    await upkeepAfter(31)
    expect((await contents(memory)).sort()).toEqual(turns)
  })

  test('makes an episode of what is added', async () => {
    distils = never
    const receipt = await subject().add(fact, { actor: 'user' })
    expect(receipt).toMatchObject({ outcome: 'stored', durableUntil: expect.any(Date) })
  })
})

test.each([
  ['more than a memory may be', 'tea '.repeat(10_000)],
  ['a NUL', 'tea\u0000'],
  ['half a character', 'tea \ud800'],
])('nothing is stored of a distiller that keeps %s', async (_, kept) => {
  const memory = await told()
  distils = () => ({ kept, omitted: [{ text: fact, why: 'other' }] })
  await store.keep.runUpkeep()
  await upkeepAfter(29.5)
  expect(await contents(memory)).toEqual([fact])
})

describe('a screener that fails when a memory is recalled', () => {
  const calm = { score: 0, reasons: [] }
  const sure = { score: 1, reasons: [] }
  let screens: () => typeof calm | Promise<typeof calm> = () => calm
  const screener = { name: 'ext', screen: () => screens() }
  const flags = (memories: readonly { flags: readonly string[] }[]) => memories.map(({ flags }) => flags)

  test('is asked again: what it then says counts', async () => {
    const keep = await store.open({ screener, screeningTimeoutMs: 200 })
    const memory = store.memory({ subject: `subject ${++count}`, roles: ['admin'] }, keep)
    for (const failing of [fails, never]) {
      screens = failing
      const { id } = await memory.add('Ana likes tea.', { actor: 'agent' })
      for (let time = 0; time < 2; time++) {
        expect(flags((await memory.search('tea')).memories)).toEqual([['ext/failed']])
      }
      screens = () => sure
      expect((await memory.search('tea')).memories).toEqual([])
      expect((await memory.quarantine.list()).items).toMatchObject([{ id }])
      await memory.quarantine.reject(id)
    }
  })

  test('withholds, where failures are held, and holds nothing', async () => {
    const keep = await store.open({ screener, screening: { onFailure: 'quarantine' } })
    const memory = store.memory({ subject: `subject ${++count}`, roles: ['admin'] }, keep)
    screens = () => calm
    await memory.add('Ana likes tea.', { actor: 'agent' })
    const other = store.memory(
      { subject: `subject ${count}` },
      await store.open({ screener, screening: { onFailure: 'quarantine' } }),
    )
    screens = fails
    expect((await other.search('tea')).memories).toEqual([])
    expect((await memory.quarantine.list()).items).toEqual([])
    screens = () => calm
    expect((await other.search('tea')).memories).toHaveLength(1)
  })
})
