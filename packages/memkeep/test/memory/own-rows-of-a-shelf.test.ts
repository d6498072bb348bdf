import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ScopedMemory } from '../../src/index.ts'
import { TestKeep } from '../support/test-keep.ts'

// A call about one memory costs what that memory costs, however many its shelf has. Counted by the server: entries of indexes and rows of scans that
// were read, once the planner knows its tables.

const others = 3000
const superseded = 600
/** A doorway looks at its rows several times over, and the ledger's pages of ten are cut from longer ones. */
const few = 200

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

/** What was read of each table until now, by sessions that have ended. */
async function reads(): Promise<Map<string, number>> {
  const rows = await store.database.query<{ name: string; number: string }>(
    `select regexp_replace(t.relname, '_[0-9]+(_[0-9]+)*$', '') as name, sum(t.seq_tup_read + (select coalesce(sum(i.idx_tup_read), 0)
       from pg_stat_all_indexes i where i.relid = t.relid)) as number from pg_stat_all_tables t where t.schemaname = 'memkeep' group by 1`,
  )
  return new Map(rows.map(({ name, number }) => [name, Number(number)]))
}

/** Sessions tell the server what they read when they end. */
async function inSessionsOfItsOwn(act: Act[1], id: string): Promise<void> {
  const sessions = async () =>
    Number(
      (
        await store.database.query<{ n: string }>(
          'select count(*) as n from pg_stat_activity where datname = current_database()',
        )
      )[0]!.n,
    )
  const before = await sessions()
  const keep = await store.open()
  await act(store.memory({ roles: ['agent', 'admin'] }, keep), id, store.memory({ subject: 'bob' }, keep))
  await keep.close()
  while ((await sessions()) > before) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function readThrough(act: Act[1]): Promise<[table: string, rows: number][]> {
  const { id } = await store.memory().add(line(), said)
  // What the keep reads as it opens is not the call's.
  const start = await reads()
  await inSessionsOfItsOwn(() => Promise.resolve(), id)
  const before = await reads()
  await inSessionsOfItsOwn(act, id)
  const after = await reads()
  return [...after].flatMap(([table, number]): [string, number][] => {
    const opening = before.get(table)! - start.get(table)!
    const read = number - before.get(table)! - opening
    return read > few ? [[table, read]] : []
  })
}

test('a call about one memory reads few rows of its shelf', async () => {
  const through: [string, [string, number][]][] = []
  for (const [name, run] of acts) {
    // Idle sessions tell what they read some seconds later: then it counts here, but not twice.
    const tables = (await readThrough(run)).length > 0 ? await readThrough(run) : []
    if (tables.length > 0) through.push([name, tables])
  }
  expect(through).toEqual([])
})

test('and a shelf that is read through is seen', async () => {
  await store.database.query('drop index memkeep.memory_same')
  expect(await readThrough((memory) => memory.add(line(), said))).toEqual([['memory', expect.any(Number)]])
})
