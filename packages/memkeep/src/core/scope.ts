import { MemkeepError } from './errors.ts'
import { checkPrincipal, type Principal } from './principal.ts'
import { checkId } from './text.ts'

/** What a scope states. Never leaves the kernel. */
export interface ScopeClaims {
  readonly reach: 'subject' | 'common' | 'all'
  readonly tenant: string
  /** Set when reach is `subject`, null otherwise. */
  readonly subject: string | null
  readonly principal: Required<Principal>
  readonly agent: string | null
  readonly session: string | null
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** Held by this module alone: who does not have it cannot construct a scope, not even through `scope.constructor`. */
const mintMark = Symbol('mint')

let claimsOf: (scope: TenantScope) => ScopeClaims | undefined

/**
 * Whose data, about whom, on whose behalf. An unforgeable value: it can be minted by `memkeep/trust` only, and nothing
 * that merely looks like it (a copy, a proxy, an object with its prototype, one from another copy of this package)
 * passes. It shows nothing of itself: not to JSON, not to a debugger's print.
 */
export abstract class TenantScope {
  readonly #brand: ScopeClaims

  protected constructor(mark: symbol, claims: ScopeClaims) {
    if (mark !== mintMark) throw new MemkeepError('ERR_SCOPE_REQUIRED', 'scopes are minted by memkeep/trust only')
    this.#brand = claims
    Object.freeze(this)
  }

  static {
    claimsOf = (scope) => (#brand in scope ? scope.#brand : undefined)
  }
}

/** Reaches one subject of one tenant, and reads the tenant's common memories. */
export class SubjectScope extends TenantScope {
  declare private readonly reach: 'subject'
  constructor(mark: symbol, claims: ScopeClaims) {
    super(mark, claims)
  }
}

/** Reaches what belongs to the tenant as a whole. */
export class CommonScope extends TenantScope {
  declare private readonly reach: 'common'
  constructor(mark: symbol, claims: ScopeClaims) {
    super(mark, claims)
  }
}

/** Reads every subject of one tenant; writes nothing. */
export class TenantWideScope extends TenantScope {
  declare private readonly reach: 'all'
  constructor(mark: symbol, claims: ScopeClaims) {
    super(mark, claims)
  }
}

export interface CommonScopeInput {
  /** 1 to 200 characters, compared as exact bytes. `*` is an ordinary id. */
  readonly tenant: string
  readonly principal: Principal
  /** Default 900, at most 86,400. */
  readonly ttlSeconds?: number
}

export interface SubjectScopeInput extends CommonScopeInput {
  readonly subject: string
  /** When given, only memories of exactly this agent are read, and new ones carry it. */
  readonly agent?: string
  /** When given, only memories of exactly this session are read, and new ones carry it. */
  readonly session?: string
}

/** Mints a scope of one subject. Throws `ERR_SCOPE_REQUIRED` when tenant, subject or principal is missing or empty. */
export function mintScope(input: SubjectScopeInput): SubjectScope {
  const base = checkBase(input)
  const subject = checkId(input.subject, 'subject', 'ERR_SCOPE_REQUIRED')
  const agent = input.agent === undefined ? null : checkId(input.agent, 'agent', 'ERR_INPUT_INVALID')
  const session = input.session === undefined ? null : checkId(input.session, 'session', 'ERR_INPUT_INVALID')
  return new SubjectScope(mintMark, Object.freeze({ ...base, reach: 'subject', subject, agent, session }))
}

/** Mints a scope of the tenant's common memories. Writing them needs the right `common`. */
export function mintCommonScope(input: CommonScopeInput): CommonScope {
  const base = checkBase(input)
  return new CommonScope(
    mintMark,
    Object.freeze({ ...base, reach: 'common', subject: null, agent: null, session: null }),
  )
}

/** Mints a scope that reads every subject of the tenant. Using it needs the right `tenant`. */
export function mintTenantScope(input: CommonScopeInput): TenantWideScope {
  const base = checkBase(input)
  return new TenantWideScope(
    mintMark,
    Object.freeze({ ...base, reach: 'all', subject: null, agent: null, session: null }),
  )
}

/** The claims of a minted scope that has not expired. Throws `ERR_SCOPE_REQUIRED` or `ERR_SCOPE_EXPIRED`. */
export function readScope(value: unknown, nowMs = Date.now()): ScopeClaims {
  const claims = typeof value === 'object' && value !== null ? claimsOf(value as TenantScope) : undefined
  if (claims === undefined) throw new MemkeepError('ERR_SCOPE_REQUIRED', 'a scope minted by memkeep/trust is required')
  if (claims.expiresAtMs <= nowMs) throw new MemkeepError('ERR_SCOPE_EXPIRED', 'the scope has expired')
  return claims
}

function checkBase(input: CommonScopeInput) {
  if (typeof input !== 'object' || input === null) throw new MemkeepError('ERR_SCOPE_REQUIRED', 'a scope is required')
  return {
    tenant: checkId(input.tenant, 'tenant', 'ERR_SCOPE_REQUIRED'),
    principal: checkPrincipal(input.principal),
    expiresAtMs: Date.now() + checkTtlSeconds(input.ttlSeconds ?? 900) * 1000,
  }
}

/** A whole number of seconds from 1 to a day. */
export function checkTtlSeconds(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 86_400) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'ttlSeconds must be a whole number from 1 to 86,400')
  }
  return value as number
}
