import type { Keep } from '../../src/index.ts'
import type { TestKeep } from './test-keep.ts'

/** A doorway looks at its rows several times over, and pages of ten are cut from longer ones. */
const few = 200

/** What was read of each table until now, by sessions that have ended. */
async function reads(store: TestKeep): Promise<Map<string, number>> {
  const rows = await store.database.query<{ name: string; number: string }>(
    `select regexp_replace(t.relname, '_[0-9]+(_[0-9]+)*$', '') as name, sum(t.seq_tup_read + (select coalesce(sum(i.idx_tup_read), 0)
       from pg_stat_all_indexes i where i.relid = t.relid)) as number from pg_stat_all_tables t where t.schemaname = 'memkeep' group by 1`,
  )
  return new Map(rows.map(({ name, number }) => [name, Number(number)]))
}

/** Sessions tell the server what they read when they end. */
async function inSessionsOfItsOwn(store: TestKeep, act: (keep: Keep) => Promise<unknown>): Promise<void> {
  const sessions = async () =>
    (await store.database.query('select from pg_stat_activity where datname = current_database()')).length
  const before = await sessions()
  const keep = await store.open()
  await act(keep)
  await keep.close()
  while ((await sessions()) > before) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function readOnce(
  store: TestKeep,
  act: (keep: Keep) => Promise<unknown>,
): Promise<[table: string, rows: number][]> {
  // What the keep reads as it opens is not the call's.
  const start = await reads(store)
  await inSessionsOfItsOwn(store, () => Promise.resolve())
  const before = await reads(store)
  await inSessionsOfItsOwn(store, act)
  const after = await reads(store)
  return [...after].flatMap(([table, number]): [string, number][] => {
    const opening = before.get(table)! - start.get(table)!
    const read = number - before.get(table)! - opening
    return read > few ? [[table, read]] : []
  })
}

/**
 * Tables of which an act reads more than a few rows, by what the server counts: entries of indexes and rows of scans. Idle sessions tell what they read some
 * seconds later: then it counts here, but not each time.
 */
export async function readThrough(
  store: TestKeep,
  act: (keep: Keep) => Promise<unknown>,
): Promise<[table: string, rows: number][]> {
  let tables: [string, number][] = []
  for (let times = 0; times < 3; times++) {
    tables = await readOnce(store, act)
    if (tables.length === 0) break
  }
  return tables
}
