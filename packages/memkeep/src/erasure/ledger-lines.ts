import { createHash } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'

/** One erasure as the ledger outside the database knows it: by tags. */
export interface LedgerEntry {
  readonly place: number
  readonly at: number
  readonly erasure: string
  readonly kind: 'subject' | 'tenant'
  /** 16 bytes in hex; the subject's is zeros for a tenant. */
  readonly tenant: string
  readonly subject: string
  readonly epoch: number
  readonly reason: number
  readonly commit: string
  /** When the last backup has gone that could hold the scope. */
  readonly until: number
}

/** What stands before the first line. */
export const first = '0'.repeat(64)

export interface LedgerLines {
  /** Those that have not expired. */
  readonly entries: readonly LedgerEntry[]
  /** Hash of each line, in their order, as it was put. */
  readonly hashes: readonly string[]
  /** Hash of the last line: of all that was ever put. */
  readonly head: string
  readonly count: number
}

/** A line: the entry after the hash of the line before it. */
export function lineOf(entry: LedgerEntry, previous: string): string {
  return `${JSON.stringify({ v: 1, previous, ...entry })}\n`
}

/** What is left of a line that has expired: its hash, so that the chain holds. */
export function expiredLine(line: string): string {
  const { place, previous } = JSON.parse(line) as { place: number; previous: string }
  return `${JSON.stringify({ v: 1, previous, place, expired: hashOf(line) })}\n`
}

/** Throws `ERR_STORE_ROLLED_BACK` when a line is not the one that the next one was put after. */
export function readLines(lines: readonly string[]): LedgerLines {
  const entries: LedgerEntry[] = []
  const hashes: string[] = []
  let head = first
  for (const [index, line] of lines.entries()) {
    const { v, previous, expired, ...entry } = parsed(line)
    if (v !== 1 || previous !== head || entry.place !== index + 1) {
      throw new MemkeepError('ERR_STORE_ROLLED_BACK', 'the erasure ledger was altered')
    }
    head = typeof expired === 'string' ? expired : hashOf(line)
    hashes.push(head)
    if (expired === undefined) entries.push(entry as unknown as LedgerEntry)
  }
  return { entries, hashes, head, count: lines.length }
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>
  } catch (cause) {
    throw new MemkeepError('ERR_STORE_ROLLED_BACK', 'the erasure ledger was altered', { cause })
  }
}

function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex')
}
