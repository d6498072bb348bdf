/**
 * A replayable source of chance: prints its seed, and takes it from MEMKEEP_TEST_SEED.
 * @returns a function to integers in [0, limit)
 */
export function random(purpose: string): (limit: number) => number {
  let state = Number(process.env.MEMKEEP_TEST_SEED ?? Math.floor(Math.random() * 0x7fffffff) + 1)
  console.info(`${purpose}: MEMKEEP_TEST_SEED=${state}`)
  return (limit) => {
    // Park and Miller's generator.
    state = (state * 48271) % 0x7fffffff
    return state % limit
  }
}
