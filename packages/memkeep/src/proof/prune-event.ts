import type { LedgerLeaf } from './ledger-leaf.ts'

/**
 * Pruning is itself an event of the log that is pruned: a leaf with this `op` and the resource `min-index:N`. A bundle without
 * its first entries is refused unless it holds a leaf that allows as much.
 */
export const pruneOp = 'audit.prune'

export const pruneResource = (minIndex: number): string => `min-index:${minIndex}`

/** How many leading entries this leaf says were pruned; 0 for any other event. */
export function prunedBy({ op, resource, outcome }: LedgerLeaf): number {
  const minIndex = Number(/^min-index:(\d{1,16})$/.exec(resource)?.[1] ?? 0)
  return op === pruneOp && outcome === 'ok' ? minIndex : 0
}
