import { toHex } from './hex.ts'
import type { LedgerLeaf } from './ledger-leaf.ts'
import type { Sha256 } from './sha256.ts'
import { utf8 } from './utf8.ts'

/**
 * Pruning is itself an event of the log that is pruned: a leaf with this `op` and the resource `min-index:N-DIGEST`. A bundle without
 * its first entries is refused unless such leaves allow as much, and the bundle has just those of the first that they say were kept.
 */
export const pruneOp = 'audit.prune'

/** What one leaf says of a pruning. */
export interface Pruning {
  /** The leaves before it were pruned, from where the pruning before this one ended; a multiple of 256. */
  readonly minIndex: number
  /** `keptDigest` of those among them that were kept. */
  readonly kept: string
}

export const pruneResource = ({ minIndex, kept }: Pruning): string => `min-index:${minIndex}-${kept}`

/** What a leaf says of a pruning; null for any other event, and for one that nobody with a key wrote. */
export function pruningOf({ op, resource, outcome }: LedgerLeaf): Pruning | null {
  const said = /^min-index:([1-9]\d{0,15})-([0-9a-f]{64})$/.exec(resource)
  return op !== pruneOp || outcome !== 'ok' || said === null ? null : { minIndex: Number(said[1]), kept: said[2]! }
}

/**
 * Commits to which leaves of one log, from `from` up to and without `to`, outlive their pruning: SHA-256 in hex over a line that says
 * what this is, the log's name, the run, and each kept index in a line of its own, rising.
 */
export function keptDigest(sha256: Sha256, origin: string, from: number, to: number, kept: readonly number[]): string {
  const lines = ['memkeep/kept@v1', origin, `${from} ${to}`, ...kept]
  return toHex(sha256(utf8(lines.map((line) => `${line}\n`).join(''))))
}
