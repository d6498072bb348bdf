import { Largest } from '../../src/recall/largest.ts'
import type { VectorBlock } from '../../src/recall/vector-block.ts'

/** By slot; those that may be among the `sure` largest, at least 1, are sharp. What ranking does with sums, for cosines alone. */
export function sureCosines(
  block: VectorBlock,
  query: Float32Array,
  selection: { has(slot: number): boolean },
  sure: number,
  slots: number,
): Float64Array {
  const { rough, values, errors, reach, sharpen } = block.near(query, selection, slots)
  const largest = new Largest(sure)
  for (let slot = 0; slot < slots; slot++) largest.offer(rough[slot]! - reach * errors![slot]!)
  const contenders: number[] = []
  for (let slot = 0; slot < slots; slot++) {
    if (rough[slot]! + reach * errors![slot]! >= largest.least) contenders.push(slot)
  }
  sharpen(contenders)
  return values
}
