import { MemkeepError } from './errors.ts'
import { checkPrincipal, type Principal } from './principal.ts'
import { checkTtlSeconds } from './scope.ts'
import { checkText } from './text.ts'

/** Rights that a grant can carry. */
export type GrantRight =
  | 'tenants'
  | 'keys'
  | 'authenticate'
  | 'erase'
  | 'holds'
  | 'library'
  | 'rotate'
  | 'support'
  | 'aggregates'
  | 'ledger'

const grantRights: readonly unknown[] = [
  'tenants',
  'keys',
  'authenticate',
  'erase',
  'holds',
  'library',
  'rotate',
  'support',
  'aggregates',
  'ledger',
] satisfies GrantRight[]

export interface GrantClaims {
  readonly principal: Required<Principal>
  readonly rights: readonly GrantRight[]
  readonly reason: string
  readonly expiresAtMs: number
}

export interface GrantInput {
  readonly principal: Principal
  readonly rights: readonly GrantRight[]
  /** Why; sealed into the audit events of what is done with it. At most 1,000 bytes. */
  readonly reason: string
  /** From 1 to 86,400. */
  readonly ttlSeconds: number
}

const mintMark = Symbol('mint')

let claimsOf: (grant: Grant) => GrantClaims | undefined

/** An explicit, expiring permission for privileged calls; as unforgeable as a scope. */
export class Grant {
  readonly #brand: GrantClaims

  constructor(mark: symbol, claims: GrantClaims) {
    if (mark !== mintMark) throw new MemkeepError('ERR_SCOPE_REQUIRED', 'grants are minted by memkeep/trust only')
    this.#brand = claims
    Object.freeze(this)
  }

  static {
    claimsOf = (grant) => (#brand in grant ? grant.#brand : undefined)
  }
}

/** Mints a grant. Throws `ERR_INPUT_INVALID` for an unknown right, an empty list or a missing reason. */
export function mintGrant(input: GrantInput): Grant {
  if (typeof input !== 'object' || input === null) throw new MemkeepError('ERR_SCOPE_REQUIRED', 'a grant is required')
  if (
    !Array.isArray(input.rights) ||
    input.rights.length === 0 ||
    !input.rights.every((right) => grantRights.includes(right))
  ) {
    throw new MemkeepError('ERR_INPUT_INVALID', `rights must be a list of: ${grantRights.join(', ')}`)
  }
  const claims: GrantClaims = Object.freeze({
    principal: checkPrincipal(input.principal),
    rights: Object.freeze([...input.rights]),
    reason: checkText(input.reason, 'reason', 1000),
    expiresAtMs: Date.now() + checkTtlSeconds(input.ttlSeconds) * 1000,
  })
  return new Grant(mintMark, claims)
}

/** The claims of a minted grant that has not expired. Throws `ERR_SCOPE_REQUIRED` or `ERR_SCOPE_EXPIRED`. */
export function readGrant(value: unknown, nowMs = Date.now()): GrantClaims {
  const claims = typeof value === 'object' && value !== null ? claimsOf(value as Grant) : undefined
  if (claims === undefined) throw new MemkeepError('ERR_SCOPE_REQUIRED', 'a grant minted by memkeep/trust is required')
  if (claims.expiresAtMs <= nowMs) throw new MemkeepError('ERR_SCOPE_EXPIRED', 'the grant has expired')
  return claims
}
