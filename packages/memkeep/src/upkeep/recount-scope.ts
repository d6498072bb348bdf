import type { DoorwayCall, Doorways } from '../store/doorways.ts'

/** One line of a count over a scope: the outcome first, then a row for each table. */
export interface RecountRow {
  readonly outcome: string | null
  readonly name: string
  readonly held: number
}

/**
 * Counts what an erasure has left, as the role whose policies ask for the tenant alone: what the erasing role cannot see is
 * counted here.
 */
export function recountScope(doorways: Doorways, call: Omit<DoorwayCall, 'doorway'>): Promise<RecountRow[]> {
  return doorways.read<RecountRow>({ ...call, doorway: 'recount_scope' })
}
