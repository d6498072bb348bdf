import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import type { Embedder } from '../../src/recall/embedder.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

// What was stored without its vector is embedded by upkeep. No text shares a word with the query.

const user = { actor: 'user' } as const
const later = { ...user, embed: 'later' } as const
let down = false
let onEmbed: (texts: string[]) => Promise<void> = async () => {}

function about(modelId: string, pattern: RegExp): Embedder {
  const doEmbed = async ({ values }: { values: string[] }) => {
    if (down) throw new Error('down')
    await onEmbed(values)
    return { embeddings: values.map((text) => [pattern.test(text) ? 1 : 0.1, 1, 0]) }
  }
  return { provider: 'test', modelId, doEmbed }
}

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

/** Opened for each test: what is open for a minute runs upkeep by itself. */
let [birds, boats]: [Keep, Keep] = [null!, null!]

let subject = ''
let count = 0
beforeEach(async () => {
  subject = `waiting ${count++}`
  down = false
  onEmbed = async () => {}
  const upkeep = { ...store.database.upkeep, max: 2 }
  birds = await store.open({ embedder: about('birds', /heron|robin|QUERY/), upkeep })
  boats = await store.open({ embedder: about('boats', /yacht|ferry|QUERY/), upkeep })
})
afterEach(() => Promise.all([birds.close(), boats.close()]))
const memory = (keep: Keep) => store.memory({ subject, roles: ['admin'] }, keep)
const found = async (keep: Keep) =>
  (await memory(keep).search('QUERY', { limit: 1 })).memories.map(({ content }) => content)
const waiting = async () =>
  (
    await store.database.query<{ n: number }>('select count(*)::int as n from memkeep.shelf where waits is not null')
  )[0]!.n

test('upkeep gives a memory the vector that it waits for, once, and it stands in the ledger', async () => {
  await memory(birds).addMany(
    ['a heron', 'a stone'].map((content) => ({ content, ...user })),
    { embed: 'later' },
  )
  expect(await found(birds)).toEqual([])
  expect(await waiting()).toBe(1)
  expect(await birds.runUpkeep()).toMatchObject({ embedded: 2 })
  expect(await found(birds)).toEqual(['a heron'])
  const last = "select action, affected from memkeep.event where action = 'memory.reindex' order by id"
  expect(await store.database.query(last)).toEqual([
    { action: 'memory.reindex', affected: 2 },
    { action: 'memory.reindex', affected: 0 },
  ])
  expect(await waiting()).toBe(0)
  expect(await birds.runUpkeep()).toMatchObject({ embedded: 0 })
  expect(await store.database.query(last)).toHaveLength(2)
})

test('what comes while upkeep is at it goes on waiting; what is changed meanwhile is left to who changed it', async () => {
  const { id } = await memory(birds).add('a heron', later)
  await memory(birds).add('a stone', later)
  onEmbed = async (texts) => {
    if (!texts.includes('a heron')) return
    onEmbed = async () => {}
    await memory(birds).add('one robin', later)
    await memory(birds).update(id, { content: 'a wall' }, user)
  }
  expect(await birds.runUpkeep()).toMatchObject({ embedded: 1 })
  expect(await waiting()).toBe(1)
  expect(await birds.runUpkeep()).toMatchObject({ embedded: 1 })
  expect(await waiting()).toBe(0)
  expect(await found(birds)).toEqual(['one robin'])
})

test('an embedder that is down is told, holds up nothing else, and is asked again', async () => {
  await memory(birds).add('a heron', later)
  await memory(birds).add('gone soon', { ...later, expiresAt: new Date(store.clock.nowMs + 50) })
  store.clock.advance(100)
  down = true
  expect(await codeOf(birds.runUpkeep())).toBe('ERR_EMBEDDER')
  expect(await waiting()).toBe(1)
  const rows = await store.database.query("select 1 from memkeep.event where action = 'memory.expire'")
  expect(rows).toHaveLength(1)
  down = false
  expect(await birds.runUpkeep()).toMatchObject({ embedded: 1 })
  expect(await found(birds)).toEqual(['a heron'])
})

test('nothing is taken from one model to another, and nothing is filled without an embedder', async () => {
  await memory(boats).add('a yacht', later)
  expect(await birds.runUpkeep()).toMatchObject({ embedded: 0 })
  expect(await store.keep.runUpkeep()).not.toHaveProperty('embedded')
  expect(await waiting()).toBe(1)
  expect(await boats.runUpkeep()).toMatchObject({ embedded: 1 })
  expect(await found(boats)).toEqual(['a yacht'])
  expect(await waiting()).toBe(0)
})

test('common memories too', async () => {
  await store.common({ roles: ['admin'], rights: ['common'] }, birds).add('a robin', later)
  expect(await birds.runUpkeep()).toMatchObject({ embedded: 1 })
  expect(await found(birds)).toEqual(['a robin'])
  expect(await waiting()).toBe(0)
})
