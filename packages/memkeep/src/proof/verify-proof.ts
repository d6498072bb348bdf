import { sameBytes } from './byte-string.ts'
import { openCheckpoint } from './checkpoint.ts'
import { commitment, decodeOpening } from './commitment.ts'
import { formatInclusionFile, parseInclusionFile } from './inclusion-file.ts'
import { rootOfInclusion } from './inclusion-proof.ts'
import { decodeLeaf, type LedgerLeaf } from './ledger-leaf.ts'
import { parseNoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { sha256 as portableSha256, type Sha256 } from './sha256.ts'
import { TreeHash } from './tree-hash.ts'
import { utf8 } from './utf8.ts'

/** What a proof file shows. */
export interface ProofReport {
  readonly origin: string
  readonly index: number
  readonly size: number
  readonly leaf: LedgerLeaf
  /** The details part by part, as the opening shows them; null for a part that stays shut, and null without an opening. */
  readonly details: readonly (Uint8Array | null)[] | null
}

export interface VerifyProofOptions {
  /** What `audit.opening` gave for the same event. */
  readonly opening?: string
  /** A faster hash than the one in the language alone. */
  readonly sha256?: Sha256
}

/**
 * Checks a `.tlog-proof` file of one event, offline: that the log with this key (vkey) signed a head that covers the event, and
 * that the opening is of the details which the event commits to. Throws `ERR_PROOF_INVALID`.
 */
export async function verifyProof(source: string, key: string, options: VerifyProofOptions = {}): Promise<ProofReport> {
  const sha256 = options.sha256 ?? portableSha256
  const hash = new TreeHash(sha256)
  const file = parseInclusionFile(source)
  if (file.extra === null || formatInclusionFile(file) !== source) throw proofInvalid('it does not hold its event')
  const { checkpoint } = await openCheckpoint(file.checkpoint, parseNoteKey(sha256, key))
  const { origin, size, root } = checkpoint
  const found = rootOfInclusion(hash, file.index, size, hash.leaf(file.extra), file.proof)
  if (found === null || !sameBytes(found, root)) throw proofInvalid('its event is not in the log')
  const leaf = decodeLeaf(file.extra)
  if (leaf.seq !== file.index) throw proofInvalid('its event says that it stands elsewhere')
  return { origin, index: file.index, size, leaf, details: detailsOf(sha256, leaf, options.opening) }
}

function detailsOf(sha256: Sha256, leaf: LedgerLeaf, source: string | undefined): ProofReport['details'] {
  if (source === undefined) return null
  const { index, parts } = decodeOpening(utf8(source))
  if (index !== leaf.seq || commitment(sha256, parts) !== leaf.commit) {
    throw proofInvalid('the opening is not of the details that the event commits to')
  }
  return parts.map((part) => ('commit' in part ? null : part.details))
}
