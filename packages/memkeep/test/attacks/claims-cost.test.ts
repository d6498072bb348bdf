import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AttackedKeep, claims, own, rememberText, tag } from './attacked-keep.ts'

// The policies verify the claims whenever they ask for them. On columns of an index that is once a scan; on any other it is
// once a row, and a shelf of 10 000 memories would take a tenth of a second for nothing.

let keep: AttackedKeep
let client: pg.Client

const subjects = { small: tag('small shelf'), large: tag('large shelf') }
const sizes = { small: 100, large: 2_000 }
const ids: Record<string, string[]> = {}

beforeAll(async () => {
  keep = await AttackedKeep.start()
  await keep.database.query(`alter database ${keep.database.name} set track_functions = 'all'`)
  client = await keep.connect()
  for (const shelf of ['small', 'large'] as const) {
    ids[shelf] = Array.from({ length: sizes[shelf] }, () => randomUUID())
    await remember(shelf, ids[shelf], Date.now() + 3_600_000)
  }
  await keep.database.query('vacuum analyze')
})
afterAll(() => keep.stop())

function remember(shelf: 'small' | 'large', list: string[], expiresMs: number | null, source?: string) {
  const each = <T>(value: T) => list.map(() => value)
  const bytes = each(Buffer.alloc(300, 1))
  return call('remember', shelf, rememberText, [
    Buffer.from('n'),
    list,
    each(0),
    each(0),
    list.map((_, n) => n % 3),
    each('fact'),
    each(1),
    each(expiresMs),
    each(source === undefined ? '{}' : `{${source}}`),
    bytes,
    bytes,
    bytes,
    null,
    null,
    null,
    null,
    bytes[0],
  ])
}

async function call(doorway: string, shelf: 'small' | 'large', text: string, args: unknown[]) {
  const stated = claims({ shelf: subjects[shelf] })
  return await client.query(text, [own, keep.token(doorway, stated), ...args])
}

/** How often the claims were verified during `work`. */
async function verifications(work: () => Promise<unknown>): Promise<number> {
  const total = async () => {
    await client.query('select pg_stat_force_next_flush()')
    const [row] = await keep.database.query<{ calls: string }>(
      "select calls from pg_stat_user_functions where schemaname = 'memkeep' and funcname = 'open_claims'",
    )
    return Number(row?.calls ?? 0)
  }
  const before = await total()
  await work()
  return (await total()) - before
}

const page = `select * from memkeep.load($1, $2, $3, 0, '00000000-0000-0000-0000-000000000000', 5000, 'd')`
const recall = `select * from memkeep.recall($1, $2, 'memory.search', array[$3::bytea], array[$4::bigint], $5, $6, array[$3::bytea], 'd')`
const forget = `select * from memkeep.forget($1, $2, $3, false, null, 'd')`
const read = `select * from memkeep.read($1, $2, $3, true, 'd')`

const work: Record<string, (shelf: 'small' | 'large') => Promise<unknown>> = {
  'load a page': (shelf) => call('load', shelf, page, [subjects[shelf]]),
  'recall ten by id': (shelf) => call('recall', shelf, recall, [subjects[shelf], 0, false, ids[shelf]!.slice(0, 10)]),
  'recall what changed': (shelf) => call('recall', shelf, recall, [subjects[shelf], 0, true, []]),
  'remember one': (shelf) => remember(shelf, [randomUUID()], null),
  'read one': (shelf) => call('read', shelf, read, [ids[shelf]![20]]),
  'forget one': (shelf) => call('forget', shelf, forget, [[ids[shelf]!.pop()]]),
  sweep: (shelf) => sweep(shelf),
}

async function sweep(shelf: 'small' | 'large') {
  await keep.database.query(`grant execute on function memkeep.sweep to memkeep_app`)
  return call('sweep', shelf, "select * from memkeep.sweep($1, $2, 'd')", [])
}

test.each(Object.keys(work))('%s verifies as often on a long shelf as on a short one', async (name) => {
  // Twice first: the plan of a first call is made with estimates that ask for the claims too.
  for (const shelf of ['small', 'large'] as const) for (let n = 0; n < 2; n++) await work[name]!(shelf)
  const small = await verifications(() => work[name]!('small'))
  const large = await verifications(() => work[name]!('large'))
  expect(large - small, `${small} on ${sizes.small} rows, ${large} on ${sizes.large}`).toBeLessThan(20)
})

test('a write of many rows verifies once for each', async () => {
  const many = Array.from({ length: 200 }, () => randomUUID())
  expect(await verifications(() => remember('large', many, null))).toBeLessThan(many.length + 20)
  // Each removed memory leaves a removal row, and that is what is checked.
  const removed = await verifications(() => call('forget', 'large', forget, [many]))
  expect(removed).toBeGreaterThan(many.length)
  expect(removed).toBeLessThan(many.length + 100)
})

test('what follows a lineage verifies what it follows, however much of the tenant has one', async () => {
  const [first, second, ...sources] = ids.large!.slice(0, 300) as [string, string, ...string[]]
  for (const source of sources) await remember('large', [randomUUID()], null, source)
  const chain = [first, second].map((source) => ({ source, made: randomUUID(), further: randomUUID() }))
  for (const { source, made, further } of chain) {
    await remember('large', [made], null, source)
    await remember('large', [further], null, made)
  }
  // As it stands after a burst of writes, and after it was analysed.
  const counted: number[] = []
  for (const { source } of chain) {
    counted.push(await verifications(() => call('forget', 'large', forget, [[source]])))
    await keep.database.query('vacuum analyze')
  }
  for (const count of counted) expect(count, String(counted)).toBeLessThan(100)
})

test('the count is a count: without the sensitivity in the index, it grows with the shelf', async () => {
  await keep.database.query('drop index memkeep.memory_shelf')
  await keep.database.query('create index memory_shelf on memkeep.memory (tenant, subject, shelf_version, id)')
  expect(await verifications(() => work['load a page']!('large'))).toBeGreaterThan(sizes.large / 2)
})
