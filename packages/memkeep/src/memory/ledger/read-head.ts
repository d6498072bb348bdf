import { expectSigned } from '../../audit/expect-signed.ts'
import type { LedgerReader, LogKeys, OpenLog } from '../../audit/ledger-reader.ts'
import { expectOutcome } from '../outcome.ts'

/** The signed head of a tenant's log. */
export interface LedgerHead {
  /** The log's name. */
  readonly origin: string
  /** Its public key, as note tools take it: publish it where auditors find it. */
  readonly key: string
  /** Events in the log. */
  readonly size: number
  readonly signedAt: Date
  /** The signed note (C2SP tlog-checkpoint). */
  readonly checkpoint: string
  /** Which of the tenant's logs it is, from 1: another begins when a database that was set back is accepted. */
  readonly line: number
  /** The signed head of the log that this one goes on from; null for the first. */
  readonly goesOnFrom: string | null
}

/** A row that doorway `read_head` brings. */
export interface HeadRow {
  readonly outcome: string | null
  readonly line: number
  readonly size: number
  readonly min_index: number
  readonly signed_ms: number
  readonly note: string
  readonly vkey: string
  /** Of the newest head that the deployment's log committed to; null when there is none yet. */
  readonly anchor_size: number | null
  readonly anchor_vkey: string
  readonly anchor_proof: string
  readonly anchor_head: string
  /** The witness that signed the head which the proof is held against: its key, and its signature lines; empty for none. */
  readonly anchor_witness: string
  readonly anchor_cosigned: string
}

export async function readHead(keys: LogKeys, reader: LedgerReader): Promise<LedgerHead | null> {
  const [row, former] = await reader.read((log) => readHeads(keys, log))
  if (row === undefined) return null
  const { size, signed_ms, note: checkpoint, vkey: key, line } = row
  const head = { key, size, checkpoint, line, signedAt: new Date(signed_ms) }
  return { origin: originOf(key), ...head, goesOnFrom: former === undefined ? null : former.note }
}

/**
 * The heads of a tenant's logs, that which its events go to now first; none when nothing was logged. Throws what `expectSigned` does: neither key
 * nor head is the database's word.
 */
export async function readHeads(keys: LogKeys, log: OpenLog): Promise<HeadRow[]> {
  const rows = await log.call<HeadRow>('read_head', [])
  expectOutcome(rows.find((row) => row.outcome !== null)?.outcome, 'ok')
  const heads = rows.filter((row) => row.outcome === null && row.size > 0)
  for (const head of heads) await expectSigned(head, await keys.logKey(log.tag, head.line))
  return heads
}

const originOf = (key: string): string => key.slice(0, key.indexOf('+'))
