import { createPublicKey } from 'node:crypto'
import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { type Credential, type Keep, MemkeepError } from 'memkeep'
import type { AttemptLimit } from './attempt-limit.ts'
import { type Caller, callerOf, nameOfBearer } from './caller.ts'

/** Where a claim stands: its name, or the names on the way to it. */
export type ClaimPath = string | readonly string[]

export interface JsonWebTokenOptions {
  readonly issuer: string
  readonly audience: string
  /** Asymmetric ones alone; a token that says another is not valid. Default EdDSA, ES256, RS256. */
  readonly algorithms?: readonly string[]
  /** Address of the issuer's key set, or the set itself. */
  readonly jwks: string | JSONWebKeySet
  readonly claims?: {
    /** Default `tenant`. */
    readonly tenant?: ClaimPath
    /** Default `sub`. */
    readonly subject?: ClaimPath
    /** Whom the ledger names. Default `sub`. */
    readonly principal?: ClaimPath
    /** A list of names. Default `roles`. */
    readonly roles?: ClaimPath
    /** A claim that has to be `true` in tokens for a tenant as a whole. Absent: there are no such tokens. */
    readonly wholeTenant?: ClaimPath
  }
  /** Only roles that begin so count, without it: an identity provider has roles of other products. Default `memkeep:`. */
  readonly rolePrefix?: string
  readonly clockToleranceSeconds?: number
}

const defaultAlgorithms = ['EdDSA', 'ES256', 'RS256']

/** Algorithms with a public key. A shared secret would let whoever verifies also sign. */
export const tokenAlgorithms: readonly string[] = [
  ...defaultAlgorithms,
  ...['Ed25519', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS384', 'RS512'],
]

/** The longest token that is looked at. */
const mostCharacters = 8192

/**
 * Turns JSON Web Tokens of one issuer into what they reach. Issuer, audience and algorithms are pinned, an expiry is demanded,
 * and the key comes from the configured set alone, whatever a token's header points to. One that is not valid in any way is null.
 */
export class JsonWebTokens {
  readonly #keep: Keep
  readonly #limit: AttemptLimit
  readonly #options: JsonWebTokenOptions
  readonly #toleranceSeconds: number
  readonly #keyOf: JWTVerifyGetKey

  constructor(keep: Keep, limit: AttemptLimit, options: JsonWebTokenOptions) {
    this.#keep = keep
    this.#limit = limit
    this.#options = options
    this.#toleranceSeconds = options.clockToleranceSeconds ?? 5
    this.#keyOf =
      typeof options.jwks === 'string'
        ? createRemoteJWKSet(new URL(options.jwks), {
            timeoutDuration: 5000,
            cooldownDuration: 30_000,
            [customFetch]: (url, init) => fetch(url, init).catch(unreachable),
          })
        : createLocalJWKSet(options.jwks)
  }

  /** Who shows the token, or null. Throws `ERR_RATE_LIMITED`, and `ERR_KEY_UNAVAILABLE` while the issuer's keys cannot be had. */
  async caller(token: string, address: string): Promise<Caller | null> {
    const payload = token.length > mostCharacters ? null : await this.#verified(token)
    const credential = payload === null ? null : this.#credentialOf(payload)
    if (payload !== null && credential !== null) {
      const endsMs = payload.exp! * 1000
      const stands = async () => Date.now() < endsMs + this.#toleranceSeconds * 1000
      return callerOf(this.#keep, credential, nameOfBearer(credential), { endsMs, maker: null }, stands)
    }
    // Only tokens that are not valid run into the limit: a signature cannot be guessed, and others share the address.
    const nowMs = Date.now()
    this.#limit.check(address, nowMs)
    this.#limit.noteFailure(address, nowMs)
    return null
  }

  async #verified(token: string): Promise<JWTPayload | null> {
    try {
      return await this.#verify(token, this.#keyOf).catch((error) => this.#verifyByAny(token, error))
    } catch (error) {
      if (!isUnreachable(error)) return null
      throw new MemkeepError('ERR_KEY_UNAVAILABLE', "the issuer's keys cannot be had", {
        cause: error,
        retryable: true,
      })
    }
  }

  async #verify(token: string, key: JWTVerifyGetKey | CryptoKey): Promise<JWTPayload> {
    const { issuer, audience, algorithms = defaultAlgorithms } = this.#options
    const { payload } = await jwtVerify(token, typeof key === 'function' ? key : async () => key, {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      clockTolerance: this.#toleranceSeconds,
    })
    return payload
  }

  /** Of a token that names no key where several fit, as while an issuer changes keys: the one that signed it. Throws `error` for any other. */
  async #verifyByAny(token: string, error: unknown): Promise<JWTPayload> {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      const payload = await this.#verify(token, key).catch((fault) => {
        if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw fault
      })
      if (payload !== undefined) return payload
    }
    throw error
  }

  #credentialOf(payload: JWTPayload): Credential | null {
    const {
      tenant = 'tenant',
      subject = 'sub',
      principal = 'sub',
      roles = 'roles',
      wholeTenant,
    } = this.#options.claims ?? {}
    const idAt = (path: ClaimPath): string | undefined => {
      const value = claimAt(payload, path)
      return isId(value) ? value : undefined
    }
    const whole = wholeTenant !== undefined && claimAt(payload, wholeTenant) === true
    // Null is the tenant as a whole: no claim's own null may become it.
    const [forTenant, forSubject, by] = [idAt(tenant), whole ? null : idAt(subject), idAt(principal)]
    if (forTenant === undefined || forSubject === undefined || by === undefined) return null
    const held = { id: by, roles: this.#rolesOf(claimAt(payload, roles)), rights: [], actors: [] }
    return { tenant: forTenant, subject: forSubject, principal: held, minted: false, maker: null }
  }

  #rolesOf(claim: unknown): string[] {
    const { rolePrefix = 'memkeep:' } = this.#options
    const names = Array.isArray(claim) ? claim.slice(0, 1000) : []
    const ours = names.filter((name): name is string => typeof name === 'string' && name.startsWith(rolePrefix))
    return ours
      .map((name) => name.slice(rolePrefix.length))
      .filter(isId)
      .slice(0, 64)
  }
}

function claimAt(payload: JWTPayload, path: ClaimPath): unknown {
  let value: unknown = payload
  for (const name of typeof path === 'string' ? [path] : path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

/** The kernel's form of an id: a token with another is not valid, rather than a fault later. */
function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.isWellFormed() &&
    !/[\u0000-\u001f\u007f-\u009f]/.test(value) &&
    /^.{1,200}$/su.test(value)
  )
}

/** No answer at all to a fetch of the key set. */
class Unreachable extends Error {}

function unreachable(cause: unknown): never {
  throw new Unreachable('no answer', { cause })
}

/** The key set could not be fetched; all else says something of the token, or of a key in the set that nothing can be verified with. */
function isUnreachable(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC')
}

/** Why no token could be verified with a key; null: one could, by its form. */
export function faultOfKey(jwk: JWK): string | null {
  if (jwk.d !== undefined || jwk.k !== undefined || jwk.priv !== undefined) return 'holds a secret: public keys alone'
  try {
    const { asymmetricKeyDetails: { modulusLength = 2048 } = {} } = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return modulusLength < 2048 ? 'an RSA key of less than 2,048 bits' : null
  } catch {
    return 'no public key as JWK has it'
  }
}
