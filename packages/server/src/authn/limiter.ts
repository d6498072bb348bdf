import { setTimeout as sleep } from 'node:timers/promises'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'

/** A client of `@redis/client` that is connected: counts are then shared by every server that has the same one. */
export type Redis = ConstructorParameters<typeof RateLimiterRedis>[0]['storeClient']

/** Counts one request of a key; rejects with `RateLimiterRes` when it is one too many. */
export type Limiter = Pick<RateLimiterMemory, 'consume'>

/** An answer of Redis that takes longer is none. Its client's own time ends when a command is sent. */
const lateMs = 500
/** For how long Redis is not asked again after that. */
const pauseMs = 5000

/** In this process, or (with Redis) in that, and in this process for as long as Redis fails or is late. */
export function limiterOf(options: ConstructorParameters<typeof RateLimiterMemory>[0], redis: Redis | null): Limiter {
  const own = new RateLimiterMemory(options)
  if (redis === null) return own
  const shared = new RateLimiterRedis({ ...options, storeClient: redis, useRedisPackage: true })
  let pausedUntil = Number.NEGATIVE_INFINITY
  return {
    async consume(key) {
      if (performance.now() < pausedUntil) return own.consume(key)
      try {
        return await inTime(shared.consume(key))
      } catch (error) {
        if (error instanceof RateLimiterRes) throw error
        if (error instanceof Late) pausedUntil = performance.now() + pauseMs
        return own.consume(key)
      }
    },
  }
}

class Late extends Error {}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const stop = new AbortController()
  const late = sleep(lateMs, undefined, { signal: stop.signal, ref: false }).then(() => Promise.reject(new Late()))
  try {
    return await Promise.race([answer, late])
  } finally {
    stop.abort()
  }
}
