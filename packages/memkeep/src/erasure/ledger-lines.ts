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
  /** Its place in `erasureReasons`; `withheld` says that a hold stopped that erasure before its bar. */
  readonly reason: number
  readonly commit: string
  /** When the last backup has gone that could hold the scope. */
  readonly until: number
  /** See `lineSealOf`. */
  readonly mac: string
}

/** Stands in the place of a reason: until another line of that erasure, the restore guard does not carry it out. */
export const withheld = -1

/** What stands before the first line. */
export const first = '0'.repeat(64)

export interface LedgerLines {
  /** Those that have not expired. */
  readonly entries: readonly LedgerEntry[]
  /** The ends of those that have. */
  readonly ended: readonly number[]
  /** Hash of each line, in their order, as it was put. */
  readonly hashes: readonly string[]
  /** Hash of the last line: of all that was ever put. */
  readonly head: string
  readonly count: number
}

interface Line {
  readonly v: 3
  /** Hash of the line before. */
  readonly previous: string
  readonly place: number
  readonly until: number
  /** Of a line that has expired the hash of it alone. */
  readonly entry: Omit<LedgerEntry, 'place' | 'until'> | string
}

/** A line: the entry after the hash of the line before it. */
export function lineOf(entry: LedgerEntry, previous: string): string {
  const { place, until, ...rest } = entry
  return written({ v: 3, previous, place, until, entry: rest })
}

/** What is left of a line that has expired: its hash is the same, so that the chain holds, and its end still stands there. */
export function expiredLine(line: string): string {
  return written(expired(JSON.parse(line) as Line))
}

/** Throws `ERR_STORE_ROLLED_BACK` when a line is not the one that the next one was put after. */
export function readLines(lines: readonly string[]): LedgerLines {
  const entries: LedgerEntry[] = []
  const ended: number[] = []
  const hashes: string[] = []
  let head = first
  for (const [index, text] of lines.entries()) {
    const line = parsed(text)
    const { v, previous, place, until, entry } = line
    const isKnown = v === 3 && Number.isSafeInteger(until) && previous === head && place === index + 1
    if (!isKnown || text !== written({ v, previous, place, until, entry })) throw altered()
    head = hashOf(written(expired(line)))
    hashes.push(head)
    if (typeof entry === 'string') ended.push(until)
    else entries.push({ place, until, ...entry })
  }
  return { entries, ended, hashes, head, count: lines.length }
}

function expired({ v, previous, place, until, entry }: Line): Line {
  return { v, previous, place, until, entry: typeof entry === 'string' ? entry : hashOf(JSON.stringify(entry)) }
}

function written(line: Line): string {
  return `${JSON.stringify(line)}\n`
}

function parsed(line: string): Line {
  try {
    return Object(JSON.parse(line)) as Line
  } catch (cause) {
    throw altered(cause)
  }
}

function altered(cause?: unknown): MemkeepError {
  return new MemkeepError('ERR_STORE_ROLLED_BACK', 'the erasure ledger was altered', { cause })
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
