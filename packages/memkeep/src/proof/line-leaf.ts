import type { Checkpoint } from './checkpoint.ts'
import { toHex } from './hex.ts'
import type { LedgerLeaf } from './ledger-leaf.ts'
import type { Sha256 } from './sha256.ts'
import { utf8 } from './utf8.ts'

/**
 * A log that takes the place of another, since a database that was set back was accepted, names in its first leaf the head that
 * the other had: `line:NAME-SIZE-ROOT`, the name without what all names begin with, the root in hex. The leaf commits to the
 * whole signed note: SHA-256.
 */
export const lineOp = 'audit.line'

export function lineResource({ origin, size, root }: Checkpoint): string {
  return `line:${origin.slice(origin.lastIndexOf('/') + 1)}-${size}-${toHex(root)}`
}

/** The first leaf of a log that goes on from `head`, whose signed note is `note`. `by` is the tag of who began it, 16 bytes in hex. */
export function lineLeaf(
  sha256: Sha256,
  head: Checkpoint,
  note: string,
  made: { readonly at: number; readonly by: string; readonly actorClass: 'operator' | 'upkeep' },
): LedgerLeaf {
  return {
    v: 1,
    seq: 0,
    at: made.at,
    op: lineOp,
    actorClass: made.actorClass,
    principalTag: made.by,
    resource: lineResource(head),
    outcome: 'ok',
    commit: toHex(sha256(utf8(note))),
  }
}

/** Whether a leaf is the first of a log that goes on from another. */
export function beginsLine({ seq, op, outcome }: LedgerLeaf): boolean {
  return seq === 0 && op === lineOp && outcome === 'ok'
}

/** Whether the leaf names this head, and commits to this note of it. */
export function namesHead(sha256: Sha256, leaf: LedgerLeaf, head: Checkpoint, note: string): boolean {
  return leaf.resource === lineResource(head) && leaf.commit === toHex(sha256(utf8(note)))
}
