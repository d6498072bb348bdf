import { Failure, isPassing, retryAfterMs } from './failure.ts'
import { failureLabel } from './failure-label.ts'

/** Every error class of the AI SDK carries it. */
const aiSdkMark = Symbol.for('vercel.ai.error')

/**
 * What a model of the AI SDK failed with, in our own words: name and HTTP status of its error and nothing else of it, for that
 * one holds the texts. `who` begins the sentence.
 */
export function aiSdkFailure(who: string, cause: unknown): Failure {
  const error = (cause ?? {}) as {
    statusCode?: unknown
    isRetryable?: unknown
    responseHeaders?: Record<string, string>
    [aiSdkMark]?: unknown
  }
  const status = typeof error.statusCode === 'number' ? error.statusCode : null
  const headers = new Map(Object.entries(error.responseHeaders ?? {}).map(([key, value]) => [key.toLowerCase(), value]))
  return new Failure(
    `${who} failed with ${failureLabel(cause)}`,
    mayPass(error.isRetryable, status, error[aiSdkMark] === true),
    retryAfterMs((header) => headers.get(header), Date.now()),
  )
}

/** The AI SDK's own errors are retried only when they say so; foreign ones, such as a lost connection, unless they say no. */
function mayPass(isRetryable: unknown, status: number | null, ofAiSdk: boolean): boolean {
  if (typeof isRetryable === 'boolean') return isRetryable
  return status === null ? !ofAiSdk : isPassing(status)
}
