import { sameBytes } from './byte-string.ts'
import { openCheckpoint } from './checkpoint.ts'
import { formatInclusionFile, parseInclusionFile } from './inclusion-file.ts'
import { rootOfInclusion } from './inclusion-proof.ts'
import { decodeLeaf, type LedgerLeaf } from './ledger-leaf.ts'
import { parseNoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { sha256 as portableSha256, type Sha256 } from './sha256.ts'
import { TreeHash } from './tree-hash.ts'

/** What a proof file shows. */
export interface ProofReport {
  readonly origin: string
  readonly index: number
  readonly size: number
  readonly leaf: LedgerLeaf
}

/**
 * Checks a `.tlog-proof` file of one event, offline: that the log with this key (vkey) signed a head that covers the event. Throws
 * `ERR_PROOF_INVALID`.
 */
export async function verifyProof(
  source: string,
  key: string,
  options: { readonly sha256?: Sha256 } = {},
): Promise<ProofReport> {
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
  return { origin, index: file.index, size, leaf }
}
