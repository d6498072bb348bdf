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

/** The least that anybody may send at once, where a minute holds as much. */
const leastAtOnce = 10

/**
 * Bounds what a tenant, a credential and an administrator ask for in a minute, so that a loud one does not slow the others, and of that in a second: else the
 * whole minute's share may come as one burst. What a second refuses is not taken from the minute. Tenants are counted by
 * their tags. Where Redis cannot be reached each process counts for itself.
 */
export class RateLimits {
  /** The narrower first: one credential that is too loud does not use up what its tenant has. */
  readonly #credential: readonly Limiter[]
  readonly #tenant: readonly Limiter[]
  readonly #administrator: readonly Limiter[]

  constructor(
    { tenantPerMinute = 6000, credentialPerMinute = 3000, adminPerMinute = 600 }: RateLimitOptions = {},
    redis: Redis | null = null,
  ) {
    this.#credential = limitersOf(credentialPerMinute, 'credential', redis)
    this.#tenant = limitersOf(tenantPerMinute, 'tenant', redis)
    this.#administrator = limitersOf(adminPerMinute, 'administrator', redis)
  }

  /** Counts one request of a caller. Throws `TooOften`. */
  async note({ reach, name }: Caller): Promise<void> {
    if (this.#credential.length === 0 && this.#tenant.length === 0) return
    const tag = await reach.writes.tenantTag()
    await consume(this.#credential, `${tag}/${name}`)
    await consume(this.#tenant, tag)
  }

  /** Counts one request of an administrator. Throws `TooOften`. */
  noteAdministrator({ name }: Pick<Administrator, 'name'>): Promise<void> {
    return consume(this.#administrator, name)
  }
}

async function consume(limiters: readonly Limiter[], key: string): Promise<void> {
  try {
    for (const limiter of limiters) await limiter.consume(key)
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error
    throw new TooOften(Math.max(1, Math.ceil(error.msBeforeNext / 1000)))
  }
}

/** Of a second, then of a minute; none without a bound. */
function limitersOf(perMinute: number, name: string, redis: Redis | null): readonly Limiter[] {
  if (perMinute === 0) return []
  const atOnce = Math.max(Math.ceil(perMinute / 60), leastAtOnce)
  const minute = limiterOf({ points: perMinute, duration: 60, keyPrefix: `memkeep/${name}` }, redis)
  if (atOnce >= perMinute) return [minute]
  return [limiterOf({ points: atOnce, duration: 1, keyPrefix: `memkeep/${name}/second` }, redis), minute]
}

function limiterOf(options: ConstructorParameters<typeof RateLimiterMemory>[0], redis: Redis | null): Limiter {
  const own = new RateLimiterMemory(options)
  if (redis === null) return own
  return new RateLimiterRedis({ ...options, storeClient: redis, useRedisPackage: true, insuranceLimiter: own })
}
