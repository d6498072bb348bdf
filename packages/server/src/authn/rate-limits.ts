import { MemkeepError } from 'memkeep'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Administrator } from './admin-keys.ts'
import type { Caller } from './caller.ts'

export interface RateLimitOptions {
  /** Requests of one tenant within a minute, by all its credentials. Default 6,000; 0: no bound. */
  readonly tenantPerMinute?: number
  /** Requests of one credential within a minute. Default 3,000; 0: no bound. */
  readonly credentialPerMinute?: number
  /** Requests of one administrator's key within a minute. Default 600; 0: no bound. */
  readonly adminPerMinute?: number
}

/** A client of `@redis/client` that is connected: counts are then shared by every server that has the same one. */
type Redis = ConstructorParameters<typeof RateLimiterRedis>[0]['storeClient']

/** `ERR_RATE_LIMITED`, and in how many seconds to come back. */
export class TooOften extends MemkeepError {
  readonly waitSeconds: number

  constructor(waitSeconds: number) {
    super('ERR_RATE_LIMITED', 'too many requests of this credential or its tenant', { retryable: true })
    this.waitSeconds = waitSeconds
  }
}

type Limiter = Pick<RateLimiterMemory, 'consume'>

/**
 * Bounds what a tenant, a credential and an administrator ask for in a minute, so that a loud one does not slow the others. Tenants are counted by
 * their tags. Where Redis cannot be reached each process counts for itself.
 */
export class RateLimits {
  /** The narrower first: one credential that is too loud does not use up what its tenant has. */
  readonly #credential: Limiter | null
  readonly #tenant: Limiter | null
  readonly #administrator: Limiter | null

  constructor(
    { tenantPerMinute = 6000, credentialPerMinute = 3000, adminPerMinute = 600 }: RateLimitOptions = {},
    redis: Redis | null = null,
  ) {
    this.#credential = limiterOf(credentialPerMinute, 'credential', redis)
    this.#tenant = limiterOf(tenantPerMinute, 'tenant', redis)
    this.#administrator = limiterOf(adminPerMinute, 'administrator', redis)
  }

  /** Counts one request of a caller. Throws `TooOften`. */
  async note({ reach, name }: Caller): Promise<void> {
    if (this.#credential === null && this.#tenant === null) return
    const tag = await reach.writes.tenantTag()
    await consume(this.#credential, `${tag}/${name}`)
    await consume(this.#tenant, tag)
  }

  /** Counts one request of an administrator. Throws `TooOften`. */
  noteAdministrator({ name }: Pick<Administrator, 'name'>): Promise<void> {
    return consume(this.#administrator, name)
  }
}

async function consume(limiter: Limiter | null, key: string): Promise<void> {
  try {
    await limiter?.consume(key)
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error
    throw new TooOften(Math.max(1, Math.ceil(error.msBeforeNext / 1000)))
  }
}

function limiterOf(points: number, name: string, redis: Redis | null): Limiter | null {
  if (points === 0) return null
  const options = { points, duration: 60, keyPrefix: `memkeep/${name}` }
  const own = new RateLimiterMemory(options)
  if (redis === null) return own
  return new RateLimiterRedis({ ...options, storeClient: redis, useRedisPackage: true, insuranceLimiter: own })
}
