import type { Parameters } from 'fast-check'

/** Runs of a property. A failure prints its seed; `MEMKEEP_TEST_SEED` replays it, `MEMKEEP_TEST_RUNS` multiplies the runs. */
export function runs(numRuns: number): Parameters<unknown> {
  const { MEMKEEP_TEST_SEED: seed, MEMKEEP_TEST_RUNS: times } = process.env
  return { numRuns: numRuns * Number(times ?? 1), ...(seed === undefined ? {} : { seed: Number(seed) }) }
}
