import { MemkeepError } from 'memkeep'
import { asDenied } from '../operations/as-denied.ts'

/** What a client is told of an error: nothing of one that is not ours. */
export function told(error: unknown): string {
  const shown = asDenied(error)
  return shown instanceof MemkeepError ? `${shown.message} (${shown.code})` : 'the server failed'
}
