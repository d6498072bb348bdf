import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { FoundKey, Keep } from 'memkeep'
import { mintGrant } from 'memkeep/trust'
import type { AttemptLimit } from './attempt-limit.ts'
import { type Caller, callerOf } from './caller.ts'

export interface ApiKeyOptions {
  /** For how long a key that was found is not looked up again: the longest that a revoked key lives on. Default 5,000. */
  readonly freshMs?: number
}

interface KnownKey {
  readonly credential: FoundKey
  readonly expiresMs: number
  readonly freshUntilMs: number
}

const mostKnown = 10_000

/**
 * Turns API keys into what they reach. Keys that were found are remembered under a keyed hash, never as they are. An unknown,
 * malformed, expired or revoked key is one answer and one look into the directory.
 */
export class ApiKeys {
  readonly #keep: Keep
  readonly #freshMs: number
  readonly #known = new Map<string, KnownKey>()
  readonly #limit: AttemptLimit
  /** As an object: made of bytes anew for each request it would cost as much as all else here. */
  readonly #hashKey = createSecretKey(randomBytes(32))

  constructor(keep: Keep, limit: AttemptLimit, { freshMs = 5000 }: ApiKeyOptions = {}) {
    this.#keep = keep
    this.#freshMs = freshMs
    this.#limit = limit
  }

  /**
   * Who shows the key, or null. `address` is whom failures are counted against. A key that was good before is looked up
   * however often its address has failed; any other throws `ERR_RATE_LIMITED` then.
   */
  async caller(key: string, address: string): Promise<Caller | null> {
    const hash = createHmac('sha256', this.#hashKey).update(key).digest('base64')
    const known = this.#known.get(hash)
    const nowMs = Date.now()
    if (known !== undefined && known.freshUntilMs > nowMs && known.expiresMs > nowMs) {
      return this.#callerOf(known, key, address)
    }
    const found = await (known === undefined
      ? this.#limit.attempt(address, () => this.#find(key))
      : this.#findAgain(key, address))
    this.#known.delete(hash)
    if (found === null) return null
    if (this.#known.size >= mostKnown) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(hash, { ...found, freshUntilMs: nowMs + this.#freshMs })
    return this.#callerOf(found, key, address)
  }

  #callerOf(
    { credential, expiresMs: endsMs }: Pick<KnownKey, 'credential' | 'expiresMs'>,
    key: string,
    address: string,
  ): Caller {
    const stands = async () => (await this.caller(key, address)) !== null
    return callerOf(this.#keep, credential, credential.tag, { endsMs, maker: credential.tag }, stands)
  }

  /** One that was good before: whatever else came from its address. */
  async #findAgain(key: string, address: string) {
    const found = await this.#find(key)
    if (found === null) this.#limit.noteFailure(address, Date.now())
    return found
  }

  async #find(key: string): Promise<Omit<KnownKey, 'freshUntilMs'> | null> {
    const principal = { id: 'memkeep-server', roles: [] }
    const grant = mintGrant({ principal, rights: ['authenticate'], reason: 'an API key was presented', ttlSeconds: 60 })
    const found = await this.#keep.privileged(grant).keys.find(key)
    if (found === null) return null
    return { credential: found, expiresMs: found.expiresAt?.getTime() ?? Infinity }
  }
}

/** What an API key looks like; everything else is tried as another credential. */
export const looksLikeApiKey = (secret: string): boolean => secret.startsWith('mk_')
