import { MemkeepError } from '../core/errors.ts'

/** What `work` gives; throws `ERR_ABORTED` as soon as `signal` is aborted, even if the work does not heed it. */
export async function unlessAborted<T>(work: () => T | PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work()
  const aborted = () => new MemkeepError('ERR_ABORTED', 'screening was aborted', { cause: signal.reason })
  if (signal.aborted) throw aborted()
  const stop = Promise.withResolvers<never>()
  const onAbort = () => stop.reject(aborted())
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(), stop.promise])
  } catch (cause) {
    throw signal.aborted ? aborted() : cause
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
