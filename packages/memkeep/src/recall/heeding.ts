import { MemkeepError } from '../core/errors.ts'

/** What `work` brings. Throws `ERR_ABORTED` as soon as `signal` is aborted; the work itself goes on for others. */
export async function heeding<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const stop = Promise.withResolvers<never>()
  const onAbort = () => stop.reject(new MemkeepError('ERR_ABORTED', 'the call was aborted', { cause: signal.reason }))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([stop.promise, work])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
