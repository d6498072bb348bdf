import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ScopedMemory } from '../../src/index.ts'
import { readThrough } from '../support/rows-read.ts'
import { TestKeep } from '../support/test-keep.ts'

// A call about one memory costs what that memory costs, however many its shelf has. Counted by the server: entries of indexes and rows of scans that
// were read, once the planner knows its tables.

const others = 3000
const superseded = 600
let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
  for (let from = 0; from < others; from += 1000) await store.memory().addMany(lines(from, 1000))
  const { id } = await store.memory().add(line(), said)
  for (let turn = 0; turn < 600; turn++) await store.memory().get(id)
  const old = await store.memory().addMany(lines(10_000, superseded))
  await store.memory().addMany(old.map((each, at) => ({ ...lines(20_000 + at, 1)[0]!, supersedes: each.id })))
  await store.keep.sequence()
  await store.database.query('vacuum analyze')
  // A shelf that came since.
  await store.memory({ subject: 'bob' }).addMany(lines(40_000, 500))
})
afterAll(() => store?.[Symbol.asyncDispose]())

const lines = (from: number, number: number) =>
  Array.from({ length: number }, (_, at) => ({
    content: `Room ${from + at} is cleaned on day ${from + at}.`,
    actor: 'user' as const,
  }))

let fresh = others + 1
/** What no earlier call said. */
const line = () => lines(++fresh, 1)[0]!.content
const said = { actor: 'user' } as const

type Act = readonly [name: string, run: (memory: ScopedMemory, id: string, bob: ScopedMemory) => Promise<unknown>]
const acts: readonly Act[] = [
  ['add', (memory) => memory.add(line(), said)],
  ['add to a new shelf', (_memory, _id, bob) => bob.add(line(), said)],
  ['add again', (memory) => memory.add(lines(17, 1)[0]!.content, said)],
  ['add once', (memory) => memory.add(line(), { ...said, idempotencyKey: `key-${fresh}` })],
  ['add of a source', (memory, id) => memory.add(line(), { ...said, derivedFrom: [id] })],
  ['add in its place', (memory, id) => memory.add(line(), { ...said, supersedes: id })],
  ['add three', (memory) => memory.addMany([line(), line(), line()].map((content) => ({ ...said, content })))],
  ['add turns', (memory) => memory.addMessages([{ role: 'user', content: line() }], { session: 'talk' })],
  ['get', (memory, id) => memory.get(id)],
  ['history', (memory, id) => memory.history(id)],
  ['update', (memory, id) => memory.update(id, { content: line() }, said)],
  ['endorse', (memory, id) => memory.endorse(id)],
  ['delete', (memory, id) => memory.delete(id)],
  [
    'delete what stands for another',
    async (memory, id) => memory.delete((await memory.add(line(), { ...said, supersedes: id })).id),
  ],
  ['audit.list ten', (memory) => memory.audit.list({ limit: 10 })],
]

/** The tables that a call about a memory of its own reads through. */
async function readBy(run: Act[1]) {
  return readThrough(store, async (keep) => {
    const { id } = await store.memory().add(line(), said)
    await run(store.memory({ roles: ['agent', 'admin'] }, keep), id, store.memory({ subject: 'bob' }, keep))
  })
}

test('a call about one memory reads few rows of its shelf', async () => {
  const through: [string, [string, number][]][] = []
  for (const [name, run] of acts) {
    const tables = await readBy(run)
    if (tables.length > 0) through.push([name, tables])
  }
  expect(through).toEqual([])
})

test('and a shelf that is read through is seen', async () => {
  await store.database.query('drop index memkeep.memory_same')
  expect(await readBy((memory) => memory.add(line(), said))).toEqual([['memory', expect.any(Number)]])
})
