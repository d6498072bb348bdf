import { fileBytes } from './bundle-tree.ts'
import { sameBytes } from './byte-string.ts'
import { commitment, decodeOpening } from './commitment.ts'
import { formatInclusionFile, parseInclusionFile } from './inclusion-file.ts'
import { rootOfInclusion } from './inclusion-proof.ts'
import { openingFile, proofFile } from './ledger-bundle.ts'
import { decodeLeaf, type LedgerLeaf } from './ledger-leaf.ts'
import { checkText, type OpenBundle } from './open-bundle.ts'
import { checking, proofInvalid } from './proof-invalid.ts'
import { textOf } from './utf8.ts'

/** One event, opened. */
export interface OpenedEvent {
  readonly leaf: LedgerLeaf
  /** The details part by part, one for each subject touched; null for a part that stays shut. */
  readonly details: readonly (Uint8Array | null)[]
}

/**
 * Checks the proof files. One for an entry that is in the bundle follows from the tiles; one for an entry that outlived the pruning
 * is checked against the checkpoint. Returns the latter by index. Throws `ERR_PROOF_INVALID`.
 */
export async function checkProofs(open: OpenBundle): Promise<Map<number, LedgerLeaf>> {
  const { bundle, manifest, head, tiles } = open
  const retained = new Map<number, LedgerLeaf>()
  for (const index of manifest.proofs) {
    const path = proofFile(index)
    if (index < manifest.minIndex) {
      const leaf = await checking(path, async () => checkRetained(open, index, await fileBytes(bundle, path)))
      tiles.commitments.add(leaf.commit)
      retained.set(index, leaf)
    } else {
      const proof = await tiles.tree.inclusion(index)
      const extra = await tiles.entry(index)
      await checkText(bundle, path, formatInclusionFile({ index, proof, checkpoint: head.source, extra }))
    }
  }
  return retained
}

function checkRetained(open: OpenBundle, index: number, bytes: Uint8Array): LedgerLeaf {
  const source = textOf(bytes)
  const file = parseInclusionFile(source)
  if (file.extra === null || formatInclusionFile(file) !== source) throw proofInvalid('it does not hold its entry')
  if (file.checkpoint !== open.head.source) throw proofInvalid("its checkpoint is not the bundle's")
  const { size, root } = open.head.checkpoint
  const found = rootOfInclusion(open.hash, index, size, open.hash.leaf(file.extra), file.proof)
  if (found === null || !sameBytes(found, root)) throw proofInvalid('its entry is not in the log')
  const leaf = decodeLeaf(file.extra)
  if (leaf.seq !== index || file.index !== index) throw proofInvalid('its entry stands elsewhere')
  return leaf
}

/** Checks the opened events against the `commit` of their leaves. Throws `ERR_PROOF_INVALID`. */
export async function checkOpenings(open: OpenBundle, retained: Map<number, LedgerLeaf>): Promise<OpenedEvent[]> {
  const events: OpenedEvent[] = []
  for (const index of open.manifest.openings) {
    const leaf = retained.get(index) ?? decodeLeaf(await open.tiles.entry(index))
    const path = openingFile(index)
    const event = await checking(path, async () => {
      const opening = decodeOpening(await fileBytes(open.bundle, path))
      const fits = opening.index === index && commitment(open.sha256, opening.parts) === leaf.commit
      if (!fits) throw proofInvalid('these are not the details of the event')
      return { leaf, details: opening.parts.map((part) => ('commit' in part ? null : part.details)) }
    })
    events.push(event)
  }
  return events
}
