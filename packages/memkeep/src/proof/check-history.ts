import { fileBytes } from './bundle-tree.ts'
import { sameBytes } from './byte-string.ts'
import { type CheckedCheckpoint, checkSignatures } from './check-signatures.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { formatConsistencyFile } from './consistency-file.ts'
import { checkpointFile, consistencyFile } from './ledger-bundle.ts'
import { checkText, type OpenBundle } from './open-bundle.ts'
import { checking, proofInvalid } from './proof-invalid.ts'
import { textOf } from './utf8.ts'

/** What an error calls the n-th of the heads that the auditor brought. */
const givenHead = (i: number): string => `head ${i + 1} of those given`

/** Opens the heads that the auditor got elsewhere. Throws `ERR_PROOF_INVALID` when one shows that the bundle is stale. */
export async function openGivenHeads(open: OpenBundle, sources: readonly string[]): Promise<Checkpoint[]> {
  const heads: Checkpoint[] = []
  for (const [i, source] of sources.entries()) {
    const { checkpoint } = await checking(givenHead(i), () => openCheckpoint(source, open.key))
    if (checkpoint.size > open.manifest.size) {
      throw proofInvalid(`checkpoint: the bundle is stale: ${givenHead(i)} is of size ${checkpoint.size}`)
    }
    heads.push(checkpoint)
  }
  return heads
}

/** Not the bundle's fault: it has not the hashes, and an older one of the same log has. */
function beforePruned(i: number, size: number, minIndex: number): string {
  const what = `${givenHead(i)}: of size ${size}, it lies before what was pruned (${minIndex})`
  return `${what}: hold it against a bundle from before that, and that bundle's head against this one`
}

/** Checks that the tree had the root of each given head. Call after the tiles were checked. Throws `ERR_PROOF_INVALID`. */
export async function checkGivenHeads(open: OpenBundle, heads: readonly Checkpoint[]): Promise<void> {
  for (const [i, head] of heads.entries()) {
    if (head.size < open.manifest.minIndex) throw proofInvalid(beforePruned(i, head.size, open.manifest.minIndex))
    const same = sameBytes(await open.tiles.tree.root(head.size), head.root)
    if (!same) throw proofInvalid(`checkpoint: a split view: ${givenHead(i)} is of the same log and another tree`)
  }
}

/** Checks the older checkpoints, which the log alone signs, and the consistency proofs of a bundle, newest last. Throws `ERR_PROOF_INVALID`. */
export async function checkHistory(open: OpenBundle): Promise<CheckedCheckpoint[]> {
  const { bundle, manifest, key, head, tiles } = open
  const history: CheckedCheckpoint[] = []
  for (const size of manifest.checkpoints) {
    const path = checkpointFile(size)
    const checked = await checking(path, async () => checkSignatures(textOf(await fileBytes(bundle, path)), key, []))
    if (checked.checkpoint.size !== size) throw proofInvalid(`${path}: it is of another size`)
    if (!sameBytes(await tiles.tree.root(size), checked.checkpoint.root)) {
      throw proofInvalid(`${path}: a split view: the log signed another tree of this size`)
    }
    history.push(checked)
  }
  history.push(head)
  for (const [i, newer] of history.entries()) {
    if (i === 0) continue
    const oldSize = history[i - 1]!.checkpoint.size
    const newSize = newer.checkpoint.size
    const proof = await tiles.tree.consistency(oldSize, newSize)
    const text = formatConsistencyFile({ oldSize, proof, checkpoint: newer.source })
    await checkText(bundle, consistencyFile(oldSize, newSize), text)
  }
  return history
}
