import type { LogReader } from '../audit/log-reader.ts'
import { nodeSha256, treeHash } from '../audit/node-sha256.ts'
import { sameBytes } from '../proof/byte-string.ts'
import type { Checkpoint } from '../proof/checkpoint.ts'
import { decodeLeaf } from '../proof/ledger-leaf.ts'
import { proofInvalid } from '../proof/proof-invalid.ts'
import { keptDigest, type Pruning } from '../proof/prune-event.ts'
import { rootOfRange } from '../proof/range-proof.ts'
import { readOps } from '../proof/read-ops.ts'
import { tileWidth } from '../proof/tile-path.ts'

/** Doorway `archive_reads` says it in 31 bits. */
const mostMinIndex = 2 ** 31 - tileWidth

/** How far whole tiles of leaves were put away, when `archived` leaves were. */
const wholeTiles = (archived: number): number => Math.min(archived - (archived % tileWidth), mostMinIndex)

/**
 * What may be pruned once the leaves from `from` up to and without `to` lie in the cold tier, those before `from` having been put there
 * before: whole tiles, in which what is no read, and the log's first leaf, is kept. Which these are is read from the leaves, and the
 * leaves are held against the signed head. Null when no tile more lies there as a whole. Throws `ERR_PROOF_INVALID`.
 */
export async function pruningTo(log: LogReader, head: Checkpoint, from: number, to: number): Promise<Pruning | null> {
  const [first, minIndex] = [wholeTiles(from), wholeTiles(to)]
  if (first === minIndex) return null
  const hashes: Uint8Array[] = []
  const kept: number[] = []
  for (const [i, { entry }] of (await log.entries(first, minIndex)).entries()) {
    if (entry === null) throw proofInvalid('a leaf that is to be put away is not in the database')
    hashes.push(treeHash.leaf(entry))
    if (first + i === 0 || !readOps.has(decodeLeaf(entry).op)) kept.push(first + i)
  }
  const root = rootOfRange(treeHash, first, head.size, hashes, await log.tree().beside(first, minIndex))
  if (root === null || !sameBytes(root, head.root))
    throw proofInvalid('leaves that are to be put away are not those of the log')
  return { minIndex, kept: keptDigest(nodeSha256, head.origin, first, minIndex, kept) }
}
