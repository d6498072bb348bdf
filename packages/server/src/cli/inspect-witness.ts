import { MemkeepError } from 'memkeep'
import type { Finding } from 'memkeep/install'
import { openKeep, type Place } from '../open-keep.ts'

/** Whether the database goes on from all that the witness saw; nothing when none is set. Opening asks it. */
export async function inspectWitness(place: Place, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  if (env.MEMKEEP_WITNESS === undefined) return []
  try {
    const { keep } = await openKeep(place, { searches: false })
    await keep.close()
    return []
  } catch (error) {
    if (!(error instanceof MemkeepError)) throw error
    const back = error.code === 'ERR_STORE_ROLLED_BACK'
    const code = back ? 'witness-set-back' : 'witness-not-asked'
    const remedy = back
      ? 'find out who put an old copy in its place, and put the newest one back; a restore that you mean: `memkeep audit accept-rollback`'
      : 'check MEMKEEP_WITNESS, MEMKEEP_WITNESS_KEY, and that it knows the key that `memkeep audit key` prints'
    return [{ code, message: error.message, remedy, fatal: true }]
  }
}
