/** The verification of an erasure: its attestation shows this leaf, which names the erasure. */
export const verifiedOp = 'erasure.verified'

/** What a leaf says that its event was about. `memories` are ids. */
export function leafResource(op: string, memories: readonly string[]): string {
  if (op === verifiedOp && memories.length === 1) return `erasure:${memories[0]}`
  if (memories.length === 1) return `memory:${memories[0]}`
  if (memories.length > 1) return `memories#${memories.length}`
  return op.slice(0, op.indexOf('.'))
}
