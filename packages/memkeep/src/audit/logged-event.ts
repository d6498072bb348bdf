import { sameBytes } from '../proof/byte-string.ts'
import { leafResource } from '../proof/leaf-resource.ts'
import { decodeLeaf, encodeLeaf, type LedgerLeaf } from '../proof/ledger-leaf.ts'
import { pruneOp, pruneResource } from '../proof/prune-event.ts'
import { actorClass, type Doer } from './actor-class.ts'
import type { EventDetail } from './detail.ts'

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

/** The leaf of an event, `detail` as for `committedDetails`. Its form is for ever, as that of those, but for the `actorClass`. */
export function leafOf(row: EventRow, seq: number, commit: string, detail: string | null): LedgerLeaf {
  return {
    v: 1,
    seq,
    at: row.at_ms,
    op: row.action,
    actorClass: actorClass(row.action, doerOf(detail)),
    principalTag: row.principal.toString('hex'),
    resource: resourceOf(row, detail),
    outcome: row.outcome,
    commit,
  }
}

/** As details that were opened (JSON) say it. */
export function doerOf(detail: string | null): Doer | undefined {
  return detail === null ? undefined : (JSON.parse(detail) as EventDetail).by
}

/** What a pruning took stands in what was sealed, and not in the row: whoever owns the database could have it say another thing. */
function resourceOf({ action, memories }: EventRow, detail: string | null): string {
  const { pruned } = action === pruneOp && detail !== null ? (JSON.parse(detail) as EventDetail) : {}
  return pruned === undefined ? leafResource(action, memories) : pruneResource(pruned)
}

/**
 * Whether the clear part of a row is what its leaf says, and its commitment this one (hex; null: whatever it is). What follows from
 * a `detail` that does not open any more (null) is believed.
 */
export function isLeafOf(row: EventRow, entry: Uint8Array, commit: string | null, detail: string | null): boolean {
  const logged = decodeLeaf(entry)
  const leaf = leafOf(row, logged.seq, commit ?? logged.commit, detail)
  const resource = row.action === pruneOp && detail === null ? logged.resource : leaf.resource
  // It follows from the action and the details, which are compared; earlier builds said `principal` of some that no principal does.
  const { actorClass: said } = logged
  return sameBytes(encodeLeaf({ ...leaf, resource, actorClass: said }), entry)
}
