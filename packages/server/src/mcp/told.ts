import { MemkeepError } from 'memkeep'
import { asDenied } from '../operations/as-denied.ts'
import { faultSentence, isFault } from '../operations/fault.ts'

/** Hears of a fault of the server, whose message is for whoever runs it. */
export type NoteFault = (fault: MemkeepError) => void

/** What a client is told of an error: nothing of one that is not ours, and of a fault of the server only its code's sentence. */
export function told(error: unknown, note: NoteFault): string {
  const shown = asDenied(error)
  if (!(shown instanceof MemkeepError)) return 'the server failed'
  const { code, message } = shown
  if (!isFault(code)) return `${message} (${code})`
  note(shown)
  return `${faultSentence(code)} (${code})`
}
