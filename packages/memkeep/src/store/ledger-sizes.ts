import type pg from 'pg'

/** What a part of the ledger takes: rows as the database estimates them, bytes with indexes and all. */
export interface LedgerPartSize {
  /** A class of events; `leaf`: the log's leaves, of all classes; `log`: its hashes and signed heads. */
  readonly part: 'read' | 'write' | 'admin' | 'leaf' | 'log'
  readonly rows: number
  readonly bytes: number
  /** Of what came since the period before the current one began, or since the ledger did. */
  readonly rowsPerDay: number
  readonly bytesPerDay: number
}

const dayMs = 86_400_000
/** Days of a period, as guards/04-record.sql has them. */
const periodDays = { read: 30, write: 360, admin: 360 } as const
const periods = 16
/** Of a log that is not pruned. */
const leavesInTile = 256
/** Leaves of the deployment's log, which no event stands behind: at most one a minute, while upkeep runs. */
const mostTicks = 1440

type Class = keyof typeof periodDays
const classes: readonly Class[] = ['read', 'write', 'admin']

interface SizeRow {
  readonly name: string
  readonly rows: number
  readonly bytes: number
  /** When the schema was installed, in milliseconds since 1970; null where an earlier build did. */
  readonly begun: number | null
}

/** Needs no privilege: sizes and counters of a table are open to every login. One round trip. */
export async function readLedgerSizes(client: pg.ClientBase, nowMs: number): Promise<LedgerPartSize[]> {
  const { rows } = await client.query<SizeRow>(
    `select c.relname::text as name, case when c.reltuples > 0 then c.reltuples else pg_stat_get_live_tuples(c.oid) end::float8 as rows,
       pg_total_relation_size(c.oid)::float8 as bytes,
       substring(obj_description('memkeep.event'::regclass, 'pg_class') from '^begun ([0-9]{1,15})$')::float8 as begun
     from pg_class c where c.relnamespace = 'memkeep'::regnamespace and c.relkind = 'r'
       and c.relname ~ '^(event_(read|write|admin)_\\d\\d|log|log_entry|log_tile|checkpoint|pending)$'`,
  )
  const tables = new Map(rows.map((row) => [row.name, row]))
  const { begun } = rows[0]!
  const events = classes.map((part) => sizeOfClass(tables, part, begun ?? 0, nowMs))
  const days = begun === null ? 1 : Math.max(1, (nowMs - begun) / dayMs)
  const ticks = Math.max(0, tables.get('log_entry')!.rows - sum(events, (each) => each.rows)) / days
  return [...events, ...sizesOfLog(tables, sum(events, (each) => each.rowsPerDay) + Math.min(ticks, mostTicks))]
}

function sizeOfClass(
  tables: ReadonlyMap<string, SizeRow>,
  part: Class,
  begunMs: number,
  nowMs: number,
): LedgerPartSize {
  const table = (period: number) => tables.get(`event_${part}_${String(period % periods).padStart(2, '0')}`)!
  const all = Array.from({ length: periods }, (_, period) => table(period))
  const lengthMs = periodDays[part] * dayMs
  const now = Math.floor(nowMs / lengthMs)
  const [current, before] = [table(now), table(now + periods - 1)]
  // The ring was gone round before where nothing empties it: the next to be written has what earlier rounds left, as these two have.
  const left = table(now + 1)
  const beganMs = before.rows > left.rows ? (now - 1) * lengthMs : now * lengthMs
  const days = Math.max(1, (nowMs - Math.max(beganMs, begunMs)) / dayMs)
  const grown = before.rows > left.rows ? [before, current] : [current]
  const beyond = (of: (each: SizeRow) => number) => sum(grown, (each) => Math.max(0, of(each) - of(left)))
  return {
    part,
    rows: sum(all, ({ rows }) => rows),
    bytes: sum(all, ({ bytes }) => bytes),
    rowsPerDay: beyond(({ rows }) => rows) / days,
    bytesPerDay: beyond(({ bytes }) => bytes) / days,
  }
}

/** Each event has one leaf, and each tick. Leaves of reads may go; no hash does. */
function sizesOfLog(tables: ReadonlyMap<string, SizeRow>, rowsPerDay: number): LedgerPartSize[] {
  const [leaves, tiles] = [tables.get('log_entry')!, tables.get('log_tile')!]
  const rest = ['log', 'log_tile', 'checkpoint', 'pending'].map((name) => tables.get(name)!)
  const bytes = sum(rest, (each) => each.bytes)
  const ever = Math.max(leaves.rows, tiles.rows * leavesInTile)
  const per = (size: number, rows: number) => (rows === 0 ? 0 : (size / rows) * rowsPerDay)
  return [
    { part: 'leaf', rows: leaves.rows, bytes: leaves.bytes, rowsPerDay, bytesPerDay: per(leaves.bytes, leaves.rows) },
    { part: 'log', rows: sum(rest, ({ rows }) => rows), bytes, rowsPerDay, bytesPerDay: per(bytes, ever) },
  ]
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
