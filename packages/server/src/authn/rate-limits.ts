import { MemkeepError } from 'memkeep'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Caller } from './caller.ts'

export interface RateLimitOptions {
  /** Requests of one tenant within a minute, by all its credentials. Default 6,000; 0: no bound. */
  readonly tenantPerMinute?: number
  /** Requests of one credential within a minute. Default 3,000; 0: no bound. */
  readonly credentialPerMinute?: number
}

/** A client of `@redis/client` that is connected: counts are then shared by every server that has the same one. */
type Redis = ConstructorParameters<typeof RateLimiterRedis>[0]['storeClient']

/** `ERR_RATE_LIMITED`, and in how many seconds to come back. */
export class TooOften extends MemkeepError {
  readonly waitSeconds: number

  constructor(waitSeconds: number) {
    super('ERR_RATE_LIMITED', 'too many requests of this tenant or credential', { retryable: true })
    this.waitSeconds = waitSeconds
  }
}

type Limiter = Pick<RateLimiterMemory, 'consume'>

/**
 * Bounds what a tenant and a credential ask for in a minute, so that a loud one does not slow the others. Tenants are counted by
 * their tags. Where Redis cannot be reached each process counts for itself.
 */
export class RateLimits {
  readonly #limiters: readonly { readonly limiter: Limiter; readonly keyOf: (caller: Caller) => Promise<string> }[]

  constructor(
    { tenantPerMinute = 6000, credentialPerMinute = 3000 }: RateLimitOptions = {},
    redis: Redis | null = null,
  ) {
    // The narrower first: one credential that is too loud does not use up what its tenant has.
    const bounds = [
      {
        points: credentialPerMinute,
        name: 'credential',
        keyOf: async (caller: Caller) => `${await tagOf(caller)}/${caller.name}`,
      },
      { points: tenantPerMinute, name: 'tenant', keyOf: tagOf },
    ]
    this.#limiters = bounds
      .filter(({ points }) => points > 0)
      .map(({ points, name, keyOf }) => ({ limiter: limiterOf(points, name, redis), keyOf }))
  }

  /** Counts one request. Throws `TooOften`. */
  async note(caller: Caller): Promise<void> {
    for (const { limiter, keyOf } of this.#limiters) {
      try {
        await limiter.consume(await keyOf(caller))
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error
        throw new TooOften(Math.max(1, Math.ceil(error.msBeforeNext / 1000)))
      }
    }
  }
}

function limiterOf(points: number, name: string, redis: Redis | null): Limiter {
  const options = { points, duration: 60, keyPrefix: `memkeep/${name}` }
  const own = new RateLimiterMemory(options)
  if (redis === null) return own
  return new RateLimiterRedis({ ...options, storeClient: redis, useRedisPackage: true, insuranceLimiter: own })
}

function tagOf({ reach }: Caller): Promise<string> {
  return reach.writes.tenantTag()
}
