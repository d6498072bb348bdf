import { MemkeepError } from '../core/errors.ts'
import { parseCheckpoint } from '../proof/checkpoint.ts'
import { formatConsistencyFile } from '../proof/consistency-file.ts'
import { isConsistent, type TreeHead } from '../proof/consistency-proof.ts'
import { sha256 } from '../proof/sha256.ts'
import { parseNote } from '../proof/signed-note.ts'
import { TreeHash } from '../proof/tree-hash.ts'

/** One head of a log, shown to a witness: the body of C2SP tlog-witness' `add-checkpoint`. */
export interface Shown {
  /** Size of the head that the witness saw last, as far as the caller knows; 0 for none. */
  readonly oldSize: number
  /** RFC 6962 consistency proof from `oldSize` to the checkpoint's size. */
  readonly proof: readonly Uint8Array[]
  /** Signed note. */
  readonly checkpoint: string
}

/**
 * `seen`: it now remembers this head; `cosignatures` are its signature lines (empty from a witness without a key). `conflict`: the
 * head that it remembers has another size than `oldSize`, or the same as the one shown and another root. `inconsistent`: the proof
 * does not lead from what it remembers to what it was shown. `unknown`: it does not know this log, or not its key.
 */
export type WitnessAnswer =
  | { readonly outcome: 'seen'; readonly cosignatures: string }
  | { readonly outcome: 'conflict'; readonly size: number }
  | { readonly outcome: 'inconsistent' }
  | { readonly outcome: 'unknown' }

/**
 * Remembers a log's last head where whoever can set the database back cannot set this back too. It agrees to a head only if that
 * continues the one it remembers, and has stored it before it answers.
 */
export interface Witness {
  /** For messages: an address or a path. */
  readonly name: string
  /** Its verifier key (vkey), when it signs what it saw: an answer without a good signature is then none. */
  readonly key?: string
  /** The file it writes, when it is one on this machine. */
  readonly file?: string
  /** Throws `ERR_STORE_UNAVAILABLE` when it cannot be asked, or answers what no witness does. */
  add(shown: Shown): Promise<WitnessAnswer>
  /** The checkpoint (signed note) of this log that it saw last, for a witness that can tell; null: none. Throws as `add`. */
  last?(origin: string): Promise<string | null>
}

/** The text that a witness is sent. */
export function formatShown(shown: Shown): string {
  return formatConsistencyFile(shown)
}

/** What the note says, its signature unread. Throws `ERR_PROOF_INVALID`. */
export function readHead(note: string): TreeHead & { readonly origin: string } {
  return parseCheckpoint(parseNote(note).text)
}

const hash = new TreeHash(sha256)

/** Whether what is shown continues `last`, the head that is remembered (null: none of this log). */
export function judgeShown(last: TreeHead | null, shown: Shown): WitnessAnswer {
  const older = last ?? { size: 0, root: hash.empty() }
  const newer = readHead(shown.checkpoint)
  if (shown.oldSize > newer.size) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'the old size is larger than the size of the checkpoint')
  }
  if (shown.oldSize !== older.size) return { outcome: 'conflict', size: older.size }
  if (isConsistent(hash, older, newer, shown.proof)) return { outcome: 'seen', cosignatures: '' }
  return older.size === newer.size ? { outcome: 'conflict', size: older.size } : { outcome: 'inconsistent' }
}
