import { MemkeepError } from '../core/errors.ts'
import type { Selection } from './selection.ts'

/**
 * Cosine of `query`, of length 1, with the row in each slot; NaN where the row has no vector or is not selected, or the
 * slot is free. The `sure` largest are precise and are the largest; see `VectorBlock.cosines` for the rest. Throws
 * `ERR_EMBEDDER_MISMATCH` when a selected row has a vector of another model or dimension: two models' numbers must
 * never stand in one order.
 */
export function cosines(selection: Selection, query: Float32Array, model: string | null, sure = 100): Float64Array {
  const { shelf } = selection
  let scores: Float64Array | null = null
  for (const block of shelf.blocks) {
    if (block.model === model && block.dims === query.length) {
      scores = block.cosines(query, selection, sure, shelf.slots)
      continue
    }
    for (let slot = 0; slot < shelf.slots; slot++) {
      if (!block.has(slot) || !selection.has(slot)) continue
      throw new MemkeepError('ERR_EMBEDDER_MISMATCH', 'memories were embedded by another model: embed them again')
    }
  }
  return scores ?? new Float64Array(shelf.slots).fill(Number.NaN)
}
