import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Keep, MemkeepError, type Privileged } from 'memkeep'
import { mintGrant } from 'memkeep/trust'
import { AttemptLimit } from './attempt-limit.ts'

/** An administrator's key as the configuration holds it: whose it is, and a hash of it. */
export interface AdminKey {
  readonly name: string
  /** SHA-256 of the key, in hex. It has 256 random bits, so the hash gives nothing away. */
  readonly sha256: string
  /** What it is for. Default all of `adminRights`. */
  readonly rights?: readonly AdminRight[]
}

/**
 * What administrators' keys can be for. Whoever holds `keys` can make an API key of a tenant and read with that, which its ledger shows as
 * `key.create`: a wall between support and memories is there for keys without it.
 */
export const adminRights = ['tenants', 'keys', 'support', 'aggregates'] as const
export type AdminRight = (typeof adminRights)[number]

/** Who showed an administrator's key: privileged calls in its name, each with its reason. */
export interface Administrator {
  readonly name: string
  privileged(reason: string): Privileged
}

const form = /^mka_[A-Za-z0-9_-]{43}$/

/** A new key, to be shown once, and its hash for the configuration. */
export function newAdminKey(): { key: string; sha256: string } {
  const key = `mka_${randomBytes(32).toString('base64url')}`
  return { key, sha256: digest(key).toString('hex') }
}

/**
 * Administrators' keys: a class of their own, each with the rights that the configuration gives it. No route of theirs reads memories but under a
 * support access that the tenant sees.
 */
export class AdminKeys {
  readonly #keep: Keep
  readonly #keys: readonly { readonly name: string; readonly hash: Buffer; readonly rights: readonly AdminRight[] }[]
  readonly #limit: AttemptLimit

  constructor(keep: Keep, keys: readonly AdminKey[], { failuresPerMinute = 20 } = {}) {
    this.#keep = keep
    this.#keys = keys.map(({ name, sha256, rights = adminRights }) => {
      return { name, hash: Buffer.from(sha256, 'hex'), rights }
    })
    this.#limit = new AttemptLimit({ failures: failuresPerMinute })
  }

  /** Who shows the secret, or null; every key is compared, in constant time. Throws `ERR_RATE_LIMITED`. */
  administrator(secret: string, address: string): Administrator | null {
    const hash = digest(form.test(secret) ? secret : '')
    const found = this.#keys.filter((each) => timingSafeEqual(each.hash, hash))
    if (found[0] === undefined) {
      // A good key passes however often its address has failed: whoever guesses beside it must not lock it out.
      const nowMs = Date.now()
      this.#limit.check(address, nowMs)
      this.#limit.noteFailure(address, nowMs)
      return null
    }
    const { name, rights } = found[0]
    return { name, privileged: (reason) => this.#privileged(name, rights, reason) }
  }

  waitSeconds(address: string): number {
    return this.#limit.waitSeconds(address, Date.now())
  }

  #privileged(name: string, rights: readonly AdminRight[], reason: string): Privileged {
    const principal = { id: `admin/${name}`, roles: [] }
    return this.#keep.privileged(mintGrant({ principal, rights, reason, ttlSeconds: 60 }))
  }
}

/** Checks keys from a configuration. Throws `ERR_INPUT_INVALID`, naming what is wrong and never a hash. */
export function checkAdminKeys(value: unknown): readonly AdminKey[] {
  const wrong = (what: string) => new MemkeepError('ERR_INPUT_INVALID', `adminKeys: ${what}`)
  if (!Array.isArray(value)) throw wrong('a list of { name, sha256 }')
  const names = value.map((each: Partial<AdminKey>) => {
    if (!/^[\w.@-]{1,64}$/.test(String(each?.name))) throw wrong('a name is 1 to 64 letters, digits and . _ @ -')
    if (!/^[0-9a-f]{64}$/.test(String(each?.sha256))) throw wrong('sha256 is 64 hexadecimal digits, lower case')
    checkRights(each.rights, wrong)
    return each.name
  })
  if (new Set(names).size < names.length) throw wrong('a name stands twice')
  // It would count under one of its names alone, whatever the other one is for.
  if (new Set(value.map(({ sha256 }) => sha256)).size < names.length) throw wrong('a hash stands twice')
  return value as AdminKey[]
}

/**
 * Where support access needs a second person, refuses a key that may ask for it and make API keys too: it would need nobody. Throws
 * `ERR_INPUT_INVALID`, naming the key.
 */
export function checkSecondPerson(keys: readonly AdminKey[]): void {
  const alone = keys.find(({ rights = adminRights }) => rights.includes('support') && rights.includes('keys'))
  if (alone === undefined) return
  throw new MemkeepError(
    'ERR_INPUT_INVALID',
    `adminKeys: ${alone.name}: where support needs a second person, no key has both rights support and keys`,
  )
}

function checkRights(rights: unknown, wrong: (what: string) => MemkeepError): void {
  if (rights === undefined) return
  const known = Array.isArray(rights) && rights.length > 0 && rights.every((right) => adminRights.includes(right))
  if (!known) throw wrong(`rights are some of ${adminRights.join(', ')}`)
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
