import { MemkeepError } from '../core/errors.ts'
import type { Shelf } from './shelf.ts'
import type { VectorBlock } from './vector-block.ts'

/**
 * Cosine of `query`, of length 1, with the row in each slot of `shelf`; NaN where the row has no vector or has expired, or
 * the slot is free. Throws `ERR_EMBEDDER_MISMATCH` when a row that has not expired has a vector of another model or
 * dimension: two models' numbers must never stand in one order.
 */
export function cosines(shelf: Shelf, query: Float32Array, model: string | null, nowMs: number): Float64Array {
  const scores = new Float64Array(shelf.slots).fill(Number.NaN)
  for (const block of shelf.blocks) {
    if (block.model !== model || block.dims !== query.length) {
      refuseLive(shelf, block, nowMs)
      continue
    }
    const all = block.cosines(query)
    for (let slot = 0; slot < scores.length; slot++) {
      if (block.has(slot) && shelf.isLive(slot, nowMs)) scores[slot] = all[slot]!
    }
  }
  return scores
}

function refuseLive(shelf: Shelf, block: VectorBlock, nowMs: number): void {
  if (block.size === 0) return
  for (let slot = 0; slot < shelf.slots; slot++) {
    if (!block.has(slot) || !shelf.isLive(slot, nowMs)) continue
    throw new MemkeepError('ERR_EMBEDDER_MISMATCH', 'memories were embedded by another model: embed them again')
  }
}
