import type { LedgerLeaf } from './ledger-leaf.ts'
import type { OpenBundle } from './open-bundle.ts'
import { proofInvalid } from './proof-invalid.ts'
import { keptDigest, pruningOf } from './prune-event.ts'

/**
 * Checks that the log says that its first entries were pruned, and that the bundle has just those of them that it says were kept: one
 * too few was dropped. `retained` are the leaves before `minIndex` that are there, rising. Call after the entries were checked. Throws
 * `ERR_PROOF_INVALID`.
 */
export function checkKept({ manifest, sha256, tiles }: OpenBundle, retained: ReadonlyMap<number, LedgerLeaf>): void {
  const { origin, minIndex } = manifest
  const inKept = [...retained.values()].flatMap((leaf) => pruningOf(leaf) ?? [])
  const said = [...inKept, ...tiles.prunings].sort((a, b) => a.minIndex - b.minIndex)
  if (!(minIndex <= (said.at(-1)?.minIndex ?? 0)))
    throw proofInvalid('tile/entries: entries are left out, and no leaf says that they were pruned')
  const kept = [...retained.keys()]
  // Each goes on where the one before ended. One of another log, which a rollback brought here, fits nowhere.
  let shown = 0
  for (const { minIndex: to, kept: digest } of said) {
    const run = kept.filter((index) => index >= shown && index < to)
    if (to > shown && keptDigest(sha256, origin, shown, to, run) === digest) shown = to
    if (shown >= minIndex) break
  }
  if (shown !== minIndex) throw proofInvalid('proofs: other events than those that the log says were kept')
}
