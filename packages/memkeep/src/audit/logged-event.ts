import { sameBytes } from '../proof/byte-string.ts'
import { leafResource } from '../proof/leaf-resource.ts'
import { decodeLeaf, encodeLeaf, type LedgerLeaf } from '../proof/ledger-leaf.ts'
import { actorClass } from './actor-class.ts'

/** A row of the ledger as a doorway brings it. */
export interface EventRow {
  readonly id: string
  readonly action: string
  /** How it ended. */
  readonly outcome: string
  /** 0 common, 1 subject, 2 all. */
  readonly reach: number
  readonly subject: Buffer | null
  readonly principal: Buffer
  readonly at_ms: number
  /** Disclosed, written or removed. */
  readonly memories: readonly string[]
  readonly affected: number
  readonly detail: Buffer
}

/**
 * The bytes that a leaf's `commit` is over: what the event says beyond its leaf. `detail` is the JSON that was sealed, null
 * where it could not be opened when the event got its place. The form is for ever: what was logged is checked by making it anew.
 */
export function committedDetails(row: EventRow, detail: string | null): Buffer {
  const { id, reach, subject, memories, affected } = row
  const clear = { v: 1, event: id, reach, subject: subject?.toString('hex') ?? null, memories, affected }
  return Buffer.from(`${JSON.stringify(clear).slice(0, -1)},"detail":${detail ?? 'null'}}`, 'utf8')
}

/** The leaf of an event. Its form is for ever, as that of `committedDetails`. */
export function leafOf(row: EventRow, seq: number, commit: string): LedgerLeaf {
  return {
    v: 1,
    seq,
    at: row.at_ms,
    op: row.action,
    actorClass: actorClass(row.action),
    principalTag: row.principal.toString('hex'),
    resource: leafResource(row.action, row.memories, row.affected),
    outcome: row.outcome,
    commit,
  }
}

/** Whether the clear part of a row is what its leaf says, and its commitment this one (hex; null: whatever it is). */
export function isLeafOf(row: EventRow, entry: Uint8Array, commit: string | null): boolean {
  const logged = decodeLeaf(entry)
  return sameBytes(encodeLeaf(leafOf(row, logged.seq, commit ?? logged.commit)), entry)
}
