import { sameBytes } from './byte-string.ts'
import { type CheckedCheckpoint, checkSignatures } from './check-signatures.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type DeploymentLeaf, decodeDeploymentLeaf } from './deployment-leaf.ts'
import type { HeadProof } from './head-proof.ts'
import { rootOfHead } from './head-tree.ts'
import { toHex } from './hex.ts'
import { formatInclusionFile, parseInclusionFile } from './inclusion-file.ts'
import { rootOfInclusion } from './inclusion-proof.ts'
import type { NoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import type { TreeHash } from './tree-hash.ts'

/** One tick of the deployment's log, found in a checkpoint of that log. */
export interface AnchoredTick extends CheckedCheckpoint {
  readonly leaf: DeploymentLeaf
}

/** The tick that a tlog-proof shows, with the leaf as its extra line. Throws `ERR_PROOF_INVALID`. */
export async function checkTick(
  hash: TreeHash,
  source: string,
  key: NoteKey,
  witnesses: readonly NoteKey[],
): Promise<AnchoredTick> {
  const file = parseInclusionFile(source)
  if (file.extra === null || formatInclusionFile(file) !== source) throw proofInvalid('it does not hold its leaf')
  const checked = await checkSignatures(file.checkpoint, key, witnesses)
  const { size, root } = checked.checkpoint
  const found = rootOfInclusion(hash, file.index, size, hash.leaf(file.extra), file.proof)
  if (found === null || !sameBytes(found, root)) throw proofInvalid('its leaf is not in the log')
  const leaf = decodeDeploymentLeaf(file.extra)
  if (leaf.seq !== file.index) throw proofInvalid('its leaf says that it stands elsewhere')
  return { ...checked, leaf }
}

/** Checks that the tick commits to this head of a tenant's log. Throws `ERR_PROOF_INVALID`. */
export function checkHead(hash: TreeHash, leaf: DeploymentLeaf, head: Checkpoint, proof: HeadProof): void {
  const root = rootOfHead(hash, head, proof)
  if (root === null || toHex(root) !== leaf.heads)
    throw proofInvalid('the tick does not commit to this head of the log')
}
