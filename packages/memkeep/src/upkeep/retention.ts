import type { ColdTier } from '../audit/cold-tier.ts'
import { LogReader, type LogRow } from '../audit/log-reader.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import { openCheckpoint } from '../proof/checkpoint.ts'
import type { Pruning } from '../proof/prune-event.ts'
import type { Doorways } from '../store/doorways.ts'
import { type ColdRow, storeColdRun } from './cold-run.ts'
import { eventOpenerOf } from './event-opener-of.ts'
import { pruningTo } from './kept-leaves.ts'
import { type Answer, callLog, type LogCaller } from './log-call.ts'

/** How long reads stay in the database, and where they go then. */
export interface ReadsKept {
  readonly days: number
  readonly tier: ColdTier
}

export interface RetentionReport {
  /** Reads put into the cold tier. */
  readonly archived: number
  /** Reads whose rows went from the database. */
  readonly emptied: number
}

interface DueRow extends Answer {
  readonly period: number | null
  readonly tenant: Buffer
  readonly line: number
  readonly first: number
  /** Null: leaves of this log may go, as an event in it says. */
  readonly past: number | null
}

type Run = DueRow & { readonly past: number }
const isSaid = ({ past }: DueRow): boolean => past === null

interface HeadRow {
  readonly line: number
  readonly size: number
  readonly note: string
  readonly vkey: string
}

/** Leaves in one file: some tens of megabytes while it is made. */
const runLeaves = 65_536
const logsAtOnce = 10_000
const dayMs = 86_400_000
const everyMs = 3_600_000

/**
 * Puts reads away that were kept long enough. First each log's run of leaves is stored in the cold tier and checked; then the
 * database is told so, in an event of that log; then, when all of a period lies there, the period is emptied. Leaves go with a later
 * pass, once that event stands in its log. A crash between any
 * two of these leaves everything in one place or in both, and the next pass goes on. Several may run.
 */
export class Retention {
  readonly #caller: LogCaller
  readonly #keyring: Keyring
  readonly #seams: Seams
  readonly #kept: ReadsKept
  #lastMs = -everyMs

  /** `doorways` are those of upkeep's login. */
  constructor(doorways: Doorways, keyring: Keyring, seams: Seams, kept: ReadsKept) {
    this.#caller = { doorways, keyring, seams }
    this.#keyring = keyring
    this.#seams = seams
    this.#kept = kept
  }

  /** One pass, at most once an hour: a period takes a month to come due. A pass that failed is not counted. */
  async run(): Promise<RetentionReport> {
    const nowMs = this.#seams.clock.now()
    // Nor is a clock that was ahead waited for.
    if (Math.abs(nowMs - this.#lastMs) < everyMs) return { archived: 0, emptied: 0 }
    const beforeMs = nowMs - this.#kept.days * dayMs
    let archived = 0
    let emptied = 0
    for (let again = true; again; ) {
      const [{ period }, ...due] = (await this.#onDeployment<DueRow>('due_reads', [beforeMs, logsAtOnce])) as [
        DueRow,
        ...DueRow[],
      ]
      for (const { tenant, line } of due.filter(isSaid)) await this.#onLog(tenant, 'prune_log', [line])
      if (period === null) break
      const runs = due.filter((row): row is Run => !isSaid(row))
      for (const log of runs) archived += await this.#putAway(log)
      if (runs.length > 0) continue
      const [row] = await this.#onDeployment<{ outcome: string; emptied: number }>('empty_reads', [period, beforeMs])
      // What waits for its place in a log goes with a later pass.
      again = row!.outcome === 'ok'
      if (again) emptied += row!.emptied
      this.#seams.reach('ledger.emptied')
    }
    this.#lastMs = nowMs
    return { archived, emptied }
  }

  async #putAway({ tenant, line, first, past }: Run): Promise<number> {
    const { vkey, noteKey } = await this.#keyring.logKey(tenant, line)
    const heads = (await this.#onLog<HeadRow>(tenant, 'read_head', [])).slice(1)
    const head = heads.find((each) => each.line === line)
    if (head?.vkey !== vkey) {
      throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'a log was signed with another key: restore the key store')
    }
    const { checkpoint } = await openCheckpoint(head.note, noteKey)
    const reader = new LogReader((args) => this.#onLog<LogRow>(tenant, 'read_log', args), line, head.size)
    let archived = 0
    for (let from = first; from < past; from += runLeaves) {
      const to = Math.min(past, from + runLeaves)
      const rows = await this.#onLog<ColdRow & Answer>(tenant, 'cold_events', [line, from, to])
      // Somebody else put it away; the next look says from where to go on.
      if (rows.pop()!.outcome !== 'ok') return archived
      const proof = await reader.tree().beside(from, to)
      const opener = await eventOpenerOf(this.#keyring, tenant)
      const cold = { vkey, from, to, checkpoint: head.note, proof }
      archived += await storeColdRun(this.#kept.tier, nameOf(tenant, line, from, to), cold, rows, opener)
      this.#seams.reach('ledger.stored-cold')
      const pruned = await pruningTo(reader, checkpoint, from, to)
      const [answer] = await this.#onLog<{ outcome: string }>(tenant, 'archive_reads', [line, from, to], pruned)
      this.#seams.reach('ledger.archived')
      if (answer!.outcome !== 'ok') return archived
    }
    return archived
  }

  async #onDeployment<Row extends object>(doorway: string, args: readonly unknown[]): Promise<Row[]> {
    const { tag } = await this.#keyring.deployment()
    return this.#onLog(tag, doorway, args)
  }

  #onLog<Row extends object>(
    tenant: Buffer,
    doorway: string,
    args: readonly unknown[],
    pruned: Pruning | null = null,
  ): Promise<(Row & Answer)[]> {
    return callLog<Row>(this.#caller, tenant, doorway, args, pruned === null ? {} : { pruned })
  }
}

/** Padded, so that a listing has them in their order. */
function nameOf(tenant: Buffer, line: number, from: number, to: number): string {
  const [first, past] = [from, to].map((seq) => String(seq).padStart(12, '0'))
  return `${tenant.toString('hex')}/${line}-${first}-${past}.ndjson.zst`
}
