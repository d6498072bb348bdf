import { MemkeepError } from '../core/errors.ts'
import type { Selection } from './selection.ts'
import type { Near } from './vector-block.ts'

/**
 * How near each row is to `query`, of length 1, by slot; NaN where the row has no vector or is not selected, or the slot is
 * free. Throws `ERR_EMBEDDER_MISMATCH` when a selected row has a vector but none of this model and dimension: two models'
 * numbers must never stand in one order.
 */
export function nearTo(selection: Selection, query: Float32Array, model: string | null): Near {
  const { shelf } = selection
  if (!allHave(selection, model, query.length)) throw embeddedByAnother()
  const own = shelf.blocks.find((block) => block.model === model && block.dims === query.length)
  return own?.near(query, selection, shelf.slots) ?? nowhere(shelf.slots)
}

function nowhere(slots: number): Near {
  const none = new Float64Array(slots).fill(Number.NaN)
  return { rough: none, values: none, errors: null, reach: 0, sharpen: () => {} }
}

/** Whether every selected row that has a vector has one of this model and dimension. */
export function allHave(selection: Selection, model: string | null, dims: number): boolean {
  const { shelf } = selection
  const own = shelf.blocks.find((block) => block.model === model && block.dims === dims)
  for (const block of shelf.blocks) {
    if (block === own) continue
    for (let slot = 0; slot < shelf.slots; slot++) {
      if (block.has(slot) && selection.has(slot) && !own?.has(slot)) return false
    }
  }
  return true
}

export function embeddedByAnother(): MemkeepError {
  return new MemkeepError(
    'ERR_EMBEDDER_MISMATCH',
    'memories were embedded by another model: search with that one until `memkeep reembed` is done for the whole tenant',
  )
}
