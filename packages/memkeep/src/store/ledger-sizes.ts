import type pg from 'pg'

/** What a part of the ledger takes: rows as the database estimates them, bytes with indexes and all. */
export interface LedgerPartSize {
  /** A class of events, or `log`: leaves, hashes and checkpoints. */
  readonly part: 'read' | 'write' | 'admin' | 'log'
  readonly rows: number
  readonly bytes: number
  /** Of what came since the period before the current one began. */
  readonly rowsPerDay: number
  readonly bytesPerDay: number
}

const dayMs = 86_400_000
/** Days of a period, as guards/04-record.sql has them. */
const periodDays = { read: 30, write: 360, admin: 360 } as const
const periods = 16
/** A partition without a row has the first pages of two indexes. */
const emptyBytes = 2 * 8192

interface SizeRow {
  readonly name: string
  readonly rows: number
  readonly bytes: number
}

/** Needs no privilege: sizes and counters of a table are open to every login. One round trip. */
export async function readLedgerSizes(client: pg.ClientBase, nowMs: number): Promise<LedgerPartSize[]> {
  const { rows } = await client.query<SizeRow>(
    `select c.relname::text as name, case when c.reltuples > 0 then c.reltuples else pg_stat_get_live_tuples(c.oid) end::float8 as rows, pg_total_relation_size(c.oid)::float8 as bytes
     from pg_class c where c.relnamespace = 'memkeep'::regnamespace and c.relkind = 'r'
       and c.relname ~ '^(event_(read|write|admin)_\\d\\d|log|log_entry|log_tile|checkpoint|pending)$'`,
  )
  const classes = (['read', 'write', 'admin'] as const).map((part) => sizeOfClass(rows, part, nowMs))
  return [...classes, sizeOfLog(rows, classes)]
}

function sizeOfClass(rows: readonly SizeRow[], part: 'read' | 'write' | 'admin', nowMs: number): LedgerPartSize {
  const leaves = new Map(rows.map((row) => [row.name, row]))
  const leaf = (period: number) => leaves.get(`event_${part}_${String(period % periods).padStart(2, '0')}`)
  const all = Array.from({ length: periods }, (_, period) => leaf(period)!)
  const lengthMs = periodDays[part] * dayMs
  const now = Math.floor(nowMs / lengthMs)
  const [current, before] = [leaf(now)!, leaf(now + periods - 1)!]
  const since = before.rows > 0 ? (now - 1) * lengthMs : now * lengthMs
  const days = Math.max(1, (nowMs - since) / dayMs)
  const grown = before.rows > 0 ? [before, current] : [current]
  const bytes = sum(grown, (each) => Math.max(0, each.bytes - emptyBytes))
  return {
    part,
    rows: sum(all, (each) => each.rows),
    bytes: sum(all, (each) => each.bytes),
    rowsPerDay: sum(grown, (each) => each.rows) / days,
    bytesPerDay: bytes / days,
  }
}

/** Each event has one leaf, so the log grows as the events do. */
function sizeOfLog(rows: readonly SizeRow[], classes: readonly LedgerPartSize[]): LedgerPartSize {
  const log = rows.filter(({ name }) => !name.startsWith('event_'))
  const bytes = sum(log, (each) => each.bytes)
  const leaves = log.find(({ name }) => name === 'log_entry')?.rows ?? 0
  const rowsPerDay = sum(classes, (each) => each.rowsPerDay)
  return { part: 'log', rows: leaves, bytes, rowsPerDay, bytesPerDay: leaves === 0 ? 0 : (bytes / leaves) * rowsPerDay }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
