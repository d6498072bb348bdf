import { setTimeout as sleep } from 'node:timers/promises'
import { MemkeepError, type MemkeepErrorCode } from './errors.ts'
import type { Failure } from './failure.ts'

export interface AttemptOptions {
  /** Tries after the first. Default 3. */
  readonly retries?: number
  /** The longest that one try may take, in ms. Default 30,000. */
  readonly timeoutMs?: number
}

/** What tests put in the place of time and chance. */
export interface AttemptSeams {
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>
  /** In [0, 1). */
  readonly random: () => number
}

export const defaultSeams: AttemptSeams = Object.freeze({
  wait: (ms: number, signal: AbortSignal | undefined) => sleep(ms, undefined, signal ? { signal } : {}),
  random: Math.random,
})

/** Who is tried, and how its failures are told. */
export interface Tried {
  readonly code: MemkeepErrorCode
  /** As a sentence begins with it: `the embedder`. */
  readonly who: string
  readonly failureOf: (cause: unknown) => Failure
}

const [firstPauseMs, lastPauseMs] = [500, 8_000]
/** Whoever asks for more patience than this is given up on: the caller may come back by itself. */
const longestPauseMs = 30_000

/**
 * Runs `work` until it succeeds, its failure cannot pass, or the tries are used up. Pauses double from 0.5 s to 8 s, the
 * upper half of each at random; where the endpoint named a time, no try comes before it.
 * Throws the code of `tried` with the last failure's message and `retryable`; anything when `signal` is aborted. Neither abort
 * nor timeout waits for a `work` that does not heed its signal.
 */
export async function attempt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { code, who, failureOf }: Tried,
  { retries = 3, timeoutMs = 30_000 }: AttemptOptions,
  { wait, random }: AttemptSeams,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await oneTry(work, timeoutMs, signal)
    } catch (cause) {
      if (signal?.aborted) throw cause
      const failure = cause instanceof TimedOut ? null : failureOf(cause)
      const retryable = failure?.retryable ?? true
      const pauseMs = pauseBefore(tried, failure?.retryAfterMs ?? null, random())
      if (!retryable || tried >= retries || pauseMs > longestPauseMs) {
        const message = failure?.message ?? `${who} did not answer within ${timeoutMs} ms`
        throw new MemkeepError(code, message, { retryable })
      }
      await wait(pauseMs, signal)
    }
  }
}

class TimedOut extends Error {}

async function oneTry<T>(
  work: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const stopped = Promise.withResolvers<never>()
  const end = (reason: unknown): void => {
    stop.abort(reason)
    stopped.reject(reason)
  }
  const onAbort = (): void => end(signal?.reason)
  const timer = setTimeout(() => end(new TimedOut()), timeoutMs)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(stop.signal), stopped.promise])
  } catch (cause) {
    throw stop.signal.aborted ? stop.signal.reason : cause
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

function pauseBefore(tried: number, askedMs: number | null, random: number): number {
  if (askedMs !== null) return askedMs * (1 + random / 10)
  return Math.min(firstPauseMs * 2 ** tried, lastPauseMs) * (0.5 + random / 2)
}
