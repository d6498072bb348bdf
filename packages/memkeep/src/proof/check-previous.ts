import { toBase64 } from './base64.ts'
import { fileBytes } from './bundle-tree.ts'
import { openCheckpoint } from './checkpoint.ts'
import { bundleFile } from './ledger-bundle.ts'
import { decodeLeaf, type LedgerLeaf } from './ledger-leaf.ts'
import { beginsLine, namesHead } from './line-leaf.ts'
import { type OpenBundle, parseKey } from './open-bundle.ts'
import { checking, proofInvalid } from './proof-invalid.ts'
import { textOf } from './utf8.ts'

/** The head of the log that the bundle's log goes on from. */
export interface PreviousHead {
  /** The vkey that signed it. */
  readonly key: string
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
}

/**
 * Checks that the first leaf names the head of the former log, and that this head is in the bundle as that log signed it; null for
 * a log that is the first. `retained` are the entries that outlived the pruning. Throws `ERR_PROOF_INVALID`.
 */
export async function checkPrevious(
  open: OpenBundle,
  retained: ReadonlyMap<number, LedgerLeaf>,
): Promise<PreviousHead | null> {
  const { bundle, manifest, sha256 } = open
  const { previous } = manifest
  const leaf = await firstLeaf(open, retained)
  if (previous === null) {
    if (leaf === null || !beginsLine(leaf)) return null
    throw proofInvalid('bundle.json: the log goes on from another, and it does not say from which')
  }
  const key = await checking(bundleFile.manifest, () => parseKey(sha256, previous, 1))
  return checking(bundleFile.previous, async () => {
    const source = textOf(await fileBytes(bundle, bundleFile.previous))
    const { checkpoint } = await openCheckpoint(source, key)
    if (leaf === null || !beginsLine(leaf) || !namesHead(sha256, leaf, checkpoint, source)) {
      throw proofInvalid("it is not the head that the log's first leaf names")
    }
    const { origin, size, root } = checkpoint
    return { key: previous, origin, size, root: toBase64(root) }
  })
}

/** Null when the log is empty. It is never pruned: a log could hide what it goes on from. */
async function firstLeaf(
  { manifest, tiles }: OpenBundle,
  retained: ReadonlyMap<number, LedgerLeaf>,
): Promise<LedgerLeaf | null> {
  if (manifest.size === 0) return null
  if (manifest.minIndex === 0) return decodeLeaf(await tiles.entry(0))
  const leaf = retained.get(0)
  if (leaf === undefined) throw proofInvalid('bundle.json: the first event is never pruned, and its proof is missing')
  return leaf
}
