import { MemkeepError } from 'memkeep'
import type { Finding } from 'memkeep/install'
import { openKeep, type Place } from '../open-keep.ts'
import { progress } from './output.ts'

/** Twelve times the merge delay that is the default: whoever set another knows. */
const longestMs = 60_000

/** Whether events have waited for their place in the log for too long. */
export async function inspectLedger(place: Place): Promise<Finding[]> {
  const { keep, says } = await openKeep(place, { searches: false, looks: true })
  await using _closing = keep
  for (const line of says) progress(line)
  try {
    const oldest = await keep.oldestWaitingEvent()
    if (oldest === null || Date.now() - oldest.getTime() < longestMs) return []
    const message = `an event of ${oldest.toISOString()} has no place in the signed log yet`
    return [note('ledger-behind', message, 'run `memkeep upkeep`, and see that it reaches the key store')]
  } catch (error) {
    if (!(error instanceof MemkeepError)) throw error
    if (error.code === 'ERR_STORE_UNSAFE') {
      return [
        note('ledger-event-gone', error.message, 'find out who changed the database; the log of that tenant waits'),
      ]
    }
    return [note('ledger-unread', error.message, 'set MEMKEEP_UPKEEP_DATABASE_URL, whose login keeps the log')]
  }
}

function note(code: string, message: string, remedy: string): Finding {
  return { code, message, remedy, fatal: false }
}
