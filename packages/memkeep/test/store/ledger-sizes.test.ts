import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { ledgerSizes } from '../../src/install.ts'
import { readLedgerSizes } from '../../src/store/ledger-sizes.ts'
import { withClient } from './private-server.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

const day = 86_400_000
const now = Date.now()
const periodOf = (atMs: number, days: number) => Math.floor(atMs / (days * day)) % 16

/** Events as record() would have left them. */
async function plant(count: number, clas: number, days: number, atMs: number): Promise<void> {
  await database.query(
    `insert into memkeep.event (tenant, id, class, period, action, outcome, reach, epoch, principal, at_ms, memories, affected, detail)
     select $1, gen_random_uuid(), $2, $3, 'memory.get', 'ok', 1, 1, $1, $4, '{}', 0, sha256(n::text::bytea) || sha256(n::text::bytea)
     from generate_series(1, $5) n`,
    [Buffer.alloc(16, 1), clas, periodOf(atMs, days), atMs, count],
  )
}

async function sizes() {
  await database.query('vacuum analyze')
  const parts = await withClient(database.app, (client) => readLedgerSizes(client, now))
  return new Map(parts.map((part) => [part.part, part]))
}

const periodStart = (days: number) => Math.floor(now / (days * day)) * days * day
/** As installed then; null: by a build that did not say when. */
const begun = (atMs: number | null) =>
  database.query(`comment on table memkeep.event is ${atMs === null ? 'null' : `'begun ${atMs}'`}`)

test('the application’s login is told rows and bytes of each class, and how fast they come', async () => {
  await begun(null)
  const empty = await sizes()
  expect([...empty.keys()]).toEqual(['read', 'write', 'admin', 'leaf', 'log'])
  expect(empty.get('read')).toMatchObject({ rows: 0, rowsPerDay: 0, bytesPerDay: 0 })
  await plant(9000, 0, 30, periodStart(30) - day)
  await plant(1000, 0, 30, now)
  await plant(500, 1, 360, now)
  // Long ago: it counts, and says nothing of the growth.
  await plant(4000, 0, 30, now - 200 * day)
  const parts = await sizes()
  const read = parts.get('read')!
  expect(read.rows).toBe(14_000)
  expect(read.rowsPerDay).toBeCloseTo(10_000 / (30 + (now - periodStart(30)) / day), 5)
  expect(read.bytes).toBeGreaterThan(14_000 * 200)
  expect(read.bytesPerDay).toBeLessThan(read.bytes / 30)
  expect(read.bytesPerDay).toBeGreaterThan((10_000 * 200) / 60)
  const write = parts.get('write')!
  expect(write.rows).toBe(500)
  expect(write.rowsPerDay).toBeCloseTo(500 / Math.max(1, (now - periodStart(360)) / day), 5)
  expect(parts.get('admin')).toMatchObject({ rows: 0 })
})

test('a young deployment grows as fast as it did since it was installed', async () => {
  const [row] = await database.query<{ note: string }>(
    `select obj_description('memkeep.event'::regclass, 'pg_class') as note`,
  )
  expect(row!.note, 'by an earlier build').toBeNull()
  const another = await freshDatabase()
  try {
    const [said] = await another.query<{ note: string }>(
      `select obj_description('memkeep.event'::regclass, 'pg_class') as note`,
    )
    expect(Number(/^begun (\d+)$/.exec(said!.note)![1])).toBeLessThanOrEqual(Date.now())
  } finally {
    await another.drop()
  }
  await begun(now - 2 * day)
  expect((await sizes()).get('write')!.rowsPerDay).toBeCloseTo(250, 5)
  await begun(now - 900 * day)
  expect((await sizes()).get('write')!.rowsPerDay).toBeCloseTo(500 / Math.max(1, (now - periodStart(360)) / day), 5)
})

test('what earlier rounds of the ring left is no growth', async () => {
  const before = (await sizes()).get('read')!
  // 14,000 in every period, sixteen months ago: in those of the growth too.
  for (let back = 16; back < 32; back++) await plant(14_000, 0, 30, now - back * 30 * day)
  const after = (await sizes()).get('read')!
  expect(after.rows).toBe(before.rows + 16 * 14_000)
  expect(after.rowsPerDay).toBeCloseTo(before.rowsPerDay, 5)
  expect(Math.abs(after.bytesPerDay / before.bytesPerDay - 1)).toBeLessThan(0.1)
})

test('sizes are those of the tables with all that belongs to them', async () => {
  const [row] = await database.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c where c.relnamespace = 'memkeep'::regnamespace
     and c.relkind = 'r' and c.relispartition and c.relname like 'event_read%'`,
  )
  const read = (await ledgerSizes(database.app)).find(({ part }) => part === 'read')
  expect(read!.bytes).toBe(Number(row!.bytes))
})
