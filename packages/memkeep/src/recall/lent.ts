import type { Relevance } from './relevance.ts'
import type { Selection } from './selection.ts'
import { nobody } from './talks.ts'

/** Of the better neighbour's relevance. An answer often stands beside the words that were asked for. */
export const share = 0.25

/** What the neighbours of a row in its session lend it: a share of the larger relevance of the two, when above 0. */
export function lentTo(slot: number, selection: Selection, { sums }: Relevance): number {
  const [before, after] = [selection.before(slot), selection.after(slot)]
  const larger = Math.max(before === nobody ? 0 : sums[before]!, after === nobody ? 0 : sums[after]!, 0)
  return share * larger
}

/**
 * Rows that do not answer by themselves and stand beside one that does, so that they would be lent `atLeast` or more. Each
 * is named once: by the more relevant of its neighbours, or of equal ones by the one before it.
 */
export function* borrowers(selection: Selection, relevance: Relevance, atLeast: number): Iterable<number> {
  const { slots, sums, answers } = relevance
  for (const slot of slots) {
    const own = sums[slot]!
    if (own <= 0 || share * own < atLeast) continue
    const before = selection.before(slot)
    if (before !== nobody && !answers(before)) {
      const other = selection.before(before)
      if (other === nobody || sums[other]! < own) yield before
    }
    const after = selection.after(slot)
    if (after !== nobody && !answers(after)) {
      const other = selection.after(after)
      if (other === nobody || sums[other]! <= own) yield after
    }
  }
}
