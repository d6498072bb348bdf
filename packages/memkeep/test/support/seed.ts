import { randomInt } from 'node:crypto'

/** The run's seed: MEMKEEP_TEST_SEED, or a new one. Print it, so that a failure can be replayed. */
export const seed = Number(process.env.MEMKEEP_TEST_SEED ?? randomInt(2 ** 31))

/** A whole number from the environment. */
export function amount(name: string, fallback: number): number {
  return Number(process.env[name] ?? fallback)
}

/** Numbers in [0, 1) that follow from the seed alone (mulberry32). */
export function random(from = seed): () => number {
  let state = from >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
