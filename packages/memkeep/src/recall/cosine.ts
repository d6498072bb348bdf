import { MemkeepError } from '../core/errors.ts'
import type { Selection } from './selection.ts'

/**
 * Cosine of `query`, of length 1, with the row in each slot; NaN where the row has no vector or is not selected, or the
 * slot is free. Throws `ERR_EMBEDDER_MISMATCH` when a selected row has a vector of another model or dimension: two
 * models' numbers must never stand in one order.
 */
export function cosines(selection: Selection, query: Float32Array, model: string | null): Float64Array {
  const { shelf } = selection
  const scores = new Float64Array(shelf.slots).fill(Number.NaN)
  for (const block of shelf.blocks) {
    const fits = block.model === model && block.dims === query.length
    const all = fits ? block.cosines(query) : null
    for (let slot = 0; slot < scores.length; slot++) {
      if (!block.has(slot) || !selection.has(slot)) continue
      if (all === null) {
        throw new MemkeepError('ERR_EMBEDDER_MISMATCH', 'memories were embedded by another model: embed them again')
      }
      scores[slot] = all[slot]!
    }
  }
  return scores
}
