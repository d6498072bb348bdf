import type { Keep } from 'memkeep'
import { type ApiKeyOptions, ApiKeys, looksLikeApiKey } from './api-key.ts'
import { AttemptLimit } from './attempt-limit.ts'
import type { Caller } from './caller.ts'
import { type JsonWebTokenOptions, JsonWebTokens } from './json-web-tokens.ts'

export interface CredentialOptions extends ApiKeyOptions {
  /** Failures of one address within a minute, after which credentials not known here are not looked at. Default 20. */
  readonly failuresPerMinute?: number
  /** Of an identity provider. Absent: API keys alone. */
  readonly jwt?: JsonWebTokenOptions
}

/** What a request may show to reach memories: an API key, or a token of the configured issuer. */
export class Credentials {
  readonly #limit: AttemptLimit
  readonly #keys: ApiKeys
  readonly #tokens: JsonWebTokens | null

  constructor(keep: Keep, { failuresPerMinute = 20, jwt, ...keys }: CredentialOptions = {}) {
    this.#limit = new AttemptLimit({ failures: failuresPerMinute })
    this.#keys = new ApiKeys(keep, this.#limit, keys)
    this.#tokens = jwt === undefined ? null : new JsonWebTokens(keep, this.#limit, jwt)
  }

  /** Who shows the secret, or null. Throws `ERR_RATE_LIMITED` for an address that failed too often. */
  caller(secret: string, address: string): Promise<Caller | null> {
    const other = this.#tokens === null || looksLikeApiKey(secret)
    return other ? this.#keys.caller(secret, address) : this.#tokens.caller(secret, address)
  }

  /** Seconds until the address may try unknown credentials again; 0 when it may now. */
  waitSeconds(address: string): number {
    return this.#limit.waitSeconds(address, Date.now())
  }
}
