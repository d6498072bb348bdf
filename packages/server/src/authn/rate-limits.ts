import { MemkeepError } from 'memkeep'
import { RateLimiterRes } from 'rate-limiter-flexible'
import type { Administrator } from './admin-keys.ts'
import type { Caller } from './caller.ts'
import { type Limiter, limiterOf, type Redis } from './limiter.ts'
import { UnderWay } from './under-way.ts'

export interface RateLimitOptions {
  /** Requests of one tenant within a minute, by all its credentials. Default 6,000; 0: no bound. */
  readonly tenantPerMinute?: number
  /** Requests of one credential within a minute. Default 3,000; 0: no bound. */
  readonly credentialPerMinute?: number
  /** Requests of one administrator's key within a minute. Default 600; 0: no bound. */
  readonly adminPerMinute?: number
}

/** `ERR_RATE_LIMITED`, and in how many seconds to come back. */
export class TooOften extends MemkeepError {
  readonly waitSeconds: number

  constructor(waitSeconds: number) {
    super('ERR_RATE_LIMITED', 'too many requests of this credential or its tenant', { retryable: true })
    this.waitSeconds = waitSeconds
  }
}

/** What one name of a kind may ask for; no limiter of a second where a minute holds no more than a second may. */
interface Bound {
  readonly underWay: UnderWay
  readonly second: Limiter | null
  readonly minute: Limiter
}

/** One name, and what bounds it; null: nothing. */
type Named = readonly [bound: Bound | null, name: string]

/** The least that anybody may send at once, where a minute holds as much. */
const leastAtOnce = 10

/**
 * Bounds what a tenant, a credential and an administrator ask for in a minute, so that a loud one does not slow the others; of that in a second, else the
 * whole minute's share may come as one burst; and how many of its requests are under way, which may be long ones. What is refused by a second or by what is
 * under way is taken from no minute. Tenants are counted by their tags. What is under way is counted in this process; where Redis cannot be reached each
 * process counts all for itself.
 */
export class RateLimits {
  readonly #credential: Bound | null
  readonly #tenant: Bound | null
  readonly #administrator: Bound | null

  constructor(
    { tenantPerMinute = 6000, credentialPerMinute = 3000, adminPerMinute = 600 }: RateLimitOptions = {},
    redis: Redis | null = null,
  ) {
    this.#credential = boundOf(credentialPerMinute, 'credential', redis)
    this.#tenant = boundOf(tenantPerMinute, 'tenant', redis)
    this.#administrator = boundOf(adminPerMinute, 'administrator', redis)
  }

  /** Counts one request of a caller; what it returns is called when it is answered, once or more. Throws `TooOften`. */
  async begin({ reach, name }: Caller): Promise<() => void> {
    if (this.#credential === null && this.#tenant === null) return () => {}
    const tag = await reach.writes.tenantTag()
    // The narrower first: one credential that is too loud does not use up what its tenant has.
    return begin([
      [this.#credential, `${tag}/${name}`],
      [this.#tenant, tag],
    ])
  }

  /** The same of an administrator. */
  beginAdministrator({ name }: Pick<Administrator, 'name'>): Promise<() => void> {
    return begin([[this.#administrator, name]])
  }
}

async function begin(bounds: readonly Named[]): Promise<() => void> {
  const ends: (() => void)[] = []
  const end = (): void => {
    for (const each of ends) each()
  }
  try {
    for (const [bound, name] of bounds) {
      if (bound === null) continue
      const begun = bound.underWay.begin(name)
      if (begun === null) throw new TooOften(1)
      ends.push(begun)
    }
    for (const [bound, name] of bounds) await bound?.second?.consume(name)
    for (const [bound, name] of bounds) await bound?.minute.consume(name)
    return end
  } catch (error) {
    end()
    if (!(error instanceof RateLimiterRes)) throw error
    throw new TooOften(Math.max(1, Math.ceil(error.msBeforeNext / 1000)))
  }
}

function boundOf(perMinute: number, name: string, redis: Redis | null): Bound | null {
  if (perMinute === 0) return null
  const atOnce = Math.max(Math.ceil(perMinute / 60), leastAtOnce)
  const second = { points: atOnce, duration: 1, keyPrefix: `memkeep/${name}/second` }
  return {
    underWay: new UnderWay(atOnce),
    second: atOnce >= perMinute ? null : limiterOf(second, redis),
    minute: limiterOf({ points: perMinute, duration: 60, keyPrefix: `memkeep/${name}` }, redis),
  }
}
