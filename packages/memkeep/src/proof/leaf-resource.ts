import { pruneOp, pruneResource } from './prune-event.ts'

/** What a leaf says that its event was about. `memories` are ids; `affected` is how many leading entries were pruned, of a pruning. */
export function leafResource(op: string, memories: readonly string[], affected: number): string {
  if (op === pruneOp) return pruneResource(affected)
  if (memories.length === 1) return `memory:${memories[0]}`
  if (memories.length > 1) return `memories#${memories.length}`
  return op.slice(0, op.indexOf('.'))
}
