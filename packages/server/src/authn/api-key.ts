import { createHmac, randomBytes } from 'node:crypto'
import { type Credential, type Keep, MemkeepError } from 'memkeep'
import { mintGrant } from 'memkeep/trust'
import type { Reach } from '../operations/operation.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { reachOf } from './reach-of.ts'

export interface ApiKeyOptions {
  /** For how long a key that was found is not looked up again: the longest that a revoked key lives on. Default 5,000. */
  readonly freshMs?: number
  /** Failures of one address within a minute, after which keys not known here are not looked up. Default 20. */
  readonly failuresPerMinute?: number
}

interface KnownKey {
  readonly credential: Credential
  readonly expiresMs: number
  readonly freshUntilMs: number
}

const mostKnown = 10_000
const windowMs = 60_000

/**
 * Turns API keys into what they reach. Keys that were found are remembered under a keyed hash, never as they are. An unknown,
 * malformed, expired or revoked key is one answer and one look into the directory.
 */
export class ApiKeys {
  readonly #keep: Keep
  readonly #freshMs: number
  readonly #known = new Map<string, KnownKey>()
  readonly #limit: AttemptLimit
  readonly #hashKey = randomBytes(32)

  constructor(keep: Keep, { freshMs = 5000, failuresPerMinute = 20 }: ApiKeyOptions = {}) {
    this.#keep = keep
    this.#freshMs = freshMs
    this.#limit = new AttemptLimit({ failures: failuresPerMinute, windowMs, addresses: mostKnown })
  }

  /**
   * What the key reaches, or null. `address` is whom failures are counted against. A key that was good before is looked up
   * however often its address has failed; any other throws `ERR_RATE_LIMITED` then.
   */
  async reach(key: string, address: string): Promise<Reach | null> {
    const hash = createHmac('sha256', this.#hashKey).update(key).digest('base64')
    const known = this.#known.get(hash)
    const nowMs = Date.now()
    if (known !== undefined && known.freshUntilMs > nowMs && known.expiresMs > nowMs) {
      return reachOf(this.#keep, known.credential)
    }
    if (known === undefined && this.waitSeconds(address) > 0) {
      throw new MemkeepError('ERR_RATE_LIMITED', 'too many failed attempts from this address', { retryable: true })
    }
    const found = await this.#find(key)
    this.#known.delete(hash)
    if (found === null) {
      this.#limit.noteFailure(address, nowMs)
      return null
    }
    if (this.#known.size >= mostKnown) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(hash, { ...found, freshUntilMs: nowMs + this.#freshMs })
    return reachOf(this.#keep, found.credential)
  }

  /** Seconds until the address may try unknown keys again; 0 when it may now. */
  waitSeconds(address: string): number {
    return this.#limit.waitSeconds(address, Date.now())
  }

  async #find(key: string): Promise<Pick<KnownKey, 'credential' | 'expiresMs'> | null> {
    const principal = { id: 'memkeep-server', roles: [] }
    const grant = mintGrant({ principal, rights: ['authenticate'], reason: 'an API key was presented', ttlSeconds: 60 })
    const found = await this.#keep.privileged(grant).keys.find(key)
    if (found === null) return null
    const { tenant, subject, expiresAt } = found
    return { credential: { tenant, subject, principal: found.principal }, expiresMs: expiresAt?.getTime() ?? Infinity }
  }
}
