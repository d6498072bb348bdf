import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { uuidOrNil } from '../core/ids.ts'
import type { Memory } from '../core/memory.ts'
import { checkTtlSeconds } from '../core/scope.ts'
import { checkId } from '../core/text.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Claims } from '../store/token.ts'
import { callOf, outcomeOf, type PrivilegedKernel, placeOf } from './privileged-kernel.ts'
import { noAccess, readUnderSupport } from './support-read.ts'

export interface SupportInput {
  readonly tenant: string
  /** Null: the tenant as a whole, with all its subjects. Always said, never a default. */
  readonly subject: string | null
  /** Default 3,600, at most 86,400. */
  readonly ttlSeconds?: number
}

/** `waiting`: somebody else has to agree first. `ended`: by somebody, or by its time. */
export type SupportState = 'waiting' | 'open' | 'ended'

/** Support access as its holder states it. */
export interface SupportAccess {
  readonly id: string
  readonly on: 'tenant' | 'subject'
  readonly state: SupportState
  /** Who asked for it, and alone may use it. */
  readonly principal: string
  readonly reason: string
  readonly requestedAt: Date
  readonly expiresAt: Date
  /** Who agreed, and why; null when nobody has. */
  readonly approvedBy: { readonly principal: string; readonly reason: string } | null
}

export interface SupportReading {
  /** One memory alone. */
  readonly memory?: string
  /** Default 50, at most 100. */
  readonly limit?: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
}

export interface SupportPage {
  readonly items: readonly Memory[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

interface SupportRow {
  readonly outcome: string | null
  readonly id: string
  readonly subject: Buffer
  readonly stated: Buffer
  readonly second: boolean
  readonly requested_ms: number
  readonly expires_ms: number
  readonly approval: Buffer | null
  readonly approved_ms: number | null
  readonly ended_ms: number | null
}

/** Support access as it stands in the database, with whom it reaches. */
interface Standing {
  readonly access: SupportAccess
  readonly on: Pick<Claims, 'reach' | 'shelf'>
}

/**
 * Break-glass: what a tenant said is read by the operator's support only under an access that somebody asked for by name, for a stated reason and time,
 * and that somebody else has agreed to where the keep was opened so. Each step and each memory shown stands in the tenant's own ledger, in a
 * class of its own (`support`). Needs a grant with the right `support`, whose principal is who asks.
 */
export class BreakGlass {
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.#kernel = kernel
    this.#grant = grant
    this.#claims()
  }

  /** Asks for access, for the grant's principal alone and its reason. Throws `ERR_SCOPE_BARRED` for what was erased. */
  async request(input: SupportInput): Promise<Pick<SupportAccess, 'id' | 'state' | 'expiresAt'>> {
    const grant = this.#claims()
    const tenant = checkId(input.tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    const subject = input.subject === null ? null : checkId(input.subject, 'subject', 'ERR_SCOPE_REQUIRED')
    const ttlSeconds = checkTtlSeconds(input.ttlSeconds ?? 3600)
    const keys = await placeOf(this.#kernel, grant, 'support', tenant)
    const nowMs = this.#kernel.seams.clock.now()
    const id = this.#kernel.seams.ids.uuid(nowMs)
    const expiresMs = nowMs + ttlSeconds * 1000
    const second = this.#kernel.supportNeedsSecond
    const on = subject === null ? wholeTenant(keys) : ({ reach: 'subject', shelf: keys.subjectTag(subject) } as const)
    const args = [id, await sealNamed(keys, id, 'stated', grant), expiresMs, second]
    expectDone(await outcomeOf(this.#kernel, { grant, keys, doorway: 'request_support', args, on, support: id }))
    return { id, state: second ? 'waiting' : 'open', expiresAt: new Date(expiresMs) }
  }

  /**
   * Agrees to an access that another principal asked for. False when none stands with this id. Throws `ERR_ACCESS_DENIED` for one's own,
   * `ERR_VERSION_CONFLICT` when somebody has agreed already.
   */
  async approve(tenant: string, id: string): Promise<boolean> {
    const { grant, keys, standing } = await this.#find(tenant, id)
    if (standing === null) return false
    const args = [id, await sealNamed(keys, id, 'approval', grant)]
    const act = { grant, keys, doorway: 'approve_support', args, on: standing.on, support: id }
    const outcome = await outcomeOf(this.#kernel, act)
    if (outcome === 'conflict') throw new MemkeepError('ERR_VERSION_CONFLICT', 'somebody has agreed to it already')
    return isDone(outcome)
  }

  /** Ends an access before its time. False when none stands with this id. */
  async end(tenant: string, id: string): Promise<boolean> {
    const { grant, keys, standing } = await this.#find(tenant, id)
    if (standing === null) return false
    return isDone(
      await outcomeOf(this.#kernel, { grant, keys, doorway: 'end_support', args: [id], on: standing.on, support: id }),
    )
  }

  /** Accesses to a tenant, ended ones too (for 30 days), newest first, at most 1,000. */
  async list(tenant: string): Promise<SupportAccess[]> {
    const grant = this.#claims()
    const keys = await placeOf(this.#kernel, grant, 'support', checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    return (await this.#standing(grant, keys, null)).map(({ access }) => access)
  }

  /**
   * Memories under an access, of every label, newest first: a page, or one. Each that is shown stands by its id in the tenant's ledger; what cannot be
   * recorded is not shown. Throws `ERR_ACCESS_DENIED` for an access that is not there, not this principal's, not agreed to, or ended.
   */
  async read(tenant: string, id: string, options: SupportReading = {}): Promise<SupportPage> {
    const { grant, keys, standing } = await this.#find(tenant, id).catch((error) => {
      // Which tenants there are is another right's to tell.
      throw error instanceof MemkeepError && error.code === 'ERR_TENANT_UNKNOWN' ? noAccess() : error
    })
    const reason = standing?.access.reason ?? grant.reason
    const on = standing?.on ?? wholeTenant(keys)
    const asked = uuidOrNil(id)
    return readUnderSupport(this.#kernel, { grant: { ...grant, reason }, keys, on, id: asked }, options)
  }

  async #find(tenant: string, id: string) {
    const grant = this.#claims()
    const keys = await placeOf(this.#kernel, grant, 'support', checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    const [standing = null] = await this.#standing(grant, keys, uuidOrNil(id))
    return { grant, keys, standing }
  }

  async #standing(grant: GrantClaims, keys: TenantKeys, id: string | null): Promise<Standing[]> {
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'list_support', args: [id] })
    const rows = await this.#kernel.doorways.read<SupportRow>(call)
    expectDone(rows.find((row) => row.outcome !== null)?.outcome)
    const nowMs = this.#kernel.seams.clock.now()
    return Promise.all(
      rows
        .filter((row) => row.outcome === null)
        .map((row) => openRow(keys, row, nowMs, this.#kernel.supportNeedsSecond)),
    )
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

const wholeTenant = (keys: TenantKeys) => ({ reach: 'all', shelf: keys.commonTag }) as const

/** A name and a reason, sealed under the tenant's own key. */
async function sealNamed(keys: TenantKeys, id: string, what: string, grant: GrantClaims): Promise<Buffer> {
  const text = JSON.stringify({ principal: grant.principal.id, reason: grant.reason })
  return (await keys.own()).seal('name', Buffer.from(text, 'utf8'), ['support', id, what])
}

async function openRow(keys: TenantKeys, row: SupportRow, nowMs: number, needsSecond: boolean): Promise<Standing> {
  const key = await keys.own()
  const named = (sealed: Buffer, what: string): { principal: string; reason: string } =>
    JSON.parse(key.open('name', sealed, ['support', row.id, what]).toString('utf8'))
  const isWhole = row.subject.equals(keys.commonTag)
  const waits = (row.second || needsSecond) && row.approved_ms === null
  const access: SupportAccess = {
    id: row.id,
    on: isWhole ? 'tenant' : 'subject',
    state: row.ended_ms !== null || row.expires_ms <= nowMs ? 'ended' : waits ? 'waiting' : 'open',
    ...named(row.stated, 'stated'),
    requestedAt: new Date(row.requested_ms),
    expiresAt: new Date(row.expires_ms),
    approvedBy: row.approval === null ? null : named(row.approval, 'approval'),
  }
  return { access, on: isWhole ? wholeTenant(keys) : { reach: 'subject', shelf: row.subject } }
}

function isDone(outcome: string): boolean {
  if (outcome === 'missing') return false
  expectDone(outcome)
  return true
}

function expectDone(outcome: string | null | undefined): void {
  if (outcome === 'unknown') throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
  if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the scope was erased, or is being erased')
  if (outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}
