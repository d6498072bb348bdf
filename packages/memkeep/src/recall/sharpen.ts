import { Largest } from './largest.ts'
import { share } from './lent.ts'
import type { Relevance } from './relevance.ts'
import type { Selection } from './selection.ts'
import { nobody } from './talks.ts'

/** More than any rounding of a sum. */
const slack = 1e-9

/**
 * Sharpens the sums of every row that may be among the `limit` best, and of those that lend to it. (What lends to a row that does
 * not answer by itself, so that this one is among them, is so itself: it lends a part of its own.) Whatever is left as it is scores
 * less than `limit` others, by its rough sum as by its sharp one: the ranking is that of sharp sums. No row is `preferred` by more.
 */
export function sharpenContenders(
  selections: readonly Selection[],
  relevances: readonly Relevance[],
  preferred: number,
  limit: number,
): void {
  if (relevances.every(({ errors }) => errors === null)) return
  const needed = leastOfBest(relevances, limit) - preferred - slack
  for (const [place, relevance] of relevances.entries()) {
    if (relevance.errors !== null) relevance.sharpen(contenders(selections[place]!, relevance, needed))
  }
}

/** At least `limit` rows score as much. */
function leastOfBest(relevances: readonly Relevance[], limit: number): number {
  const largest = new Largest(limit)
  for (const { slots, sums, errors, reach } of relevances) {
    const known = errors?.length ?? 0
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at]!
      largest.offer(slot < known ? sums[slot]! - errors![slot]! * reach : sums[slot]!)
    }
  }
  return largest.least
}

/** Slots of the rows that may score `needed`, with what is lent, and of those beside them. */
function contenders(selection: Selection, { slots, sums, errors, reach }: Relevance, needed: number): number[] {
  const { hasTalks } = selection
  const known = errors!.length
  const found = new Set<number>()
  const highest = (slot: number): number => sums[slot]! + (slot < known ? errors![slot]! * reach : 0)
  const lentBy = (slot: number): number => (slot === nobody ? 0 : share * Math.max(0, highest(slot)))
  // A row further below than this needs a neighbour that has what is needed by itself, and is found beside that.
  const least = hasTalks ? Math.min(needed, (1 - share) * needed) : needed
  for (let at = 0; at < slots.length; at++) {
    const slot = slots[at]!
    const own = sums[slot]! + (slot < known ? errors![slot]! * reach : 0)
    if (own < least) continue
    const [before, after] = hasTalks ? [selection.before(slot), selection.after(slot)] : [nobody, nobody]
    if (own + Math.max(lentBy(before), lentBy(after)) < needed) continue
    for (const each of [slot, before, after]) if (each !== nobody) found.add(each)
  }
  return [...found]
}
