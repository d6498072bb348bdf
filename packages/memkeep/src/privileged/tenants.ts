import { checkDisclosure, type DisclosureBudget } from '../core/disclosure.ts'
import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { checkQuota, type Quota } from '../core/quota.ts'
import { checkId } from '../core/text.ts'
import { sealSubjectName, tenantNameContext } from '../keys/subject-name.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { checkPolicy, type Policy } from '../policy/policy.ts'
import { noTerms, openTerms, sealTerms, type TenantTerms } from '../policy/tenant-terms.ts'
import { checkScreenPolicy, type ScreenPolicy } from '../screening/judge.ts'
import { callOf, outcomeOf, type PrivilegedKernel, placeOf } from './privileged-kernel.ts'

export interface Tenant {
  /** The id; of an erased tenant, whose name is gone, its tag: `erased:<hex>`. */
  readonly tenant: string
  readonly state: 'open' | 'barred'
  readonly createdAt: Date
}

export interface TenantPage {
  readonly items: readonly Tenant[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

interface TenantRow {
  readonly outcome: string | null
  readonly tenant: Buffer
  readonly state: number
  readonly name: Buffer
  readonly created_ms: number
}

interface EnterRow {
  readonly outcome: string
  readonly policy_version: number
  readonly policy: Buffer | null
}

/** Terms as they stand in the database, not opened yet. */
type Standing = Pick<EnterRow, 'policy_version' | 'policy'>

/** Tenants of the deployment. Each call needs a grant with the right `tenants`. */
export class Tenants {
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.#kernel = kernel
    this.#grant = grant
    this.#claims()
  }

  /**
   * Makes a tenant and its keys. `created` is false when it was there already: to create is to make sure that it exists.
   * Throws `ERR_SCOPE_BARRED` for one that was erased.
   */
  async create(tenant: string): Promise<{ tenant: string; created: boolean }> {
    const grant = this.#claims()
    checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    const keys = await this.#newPlaceOf(grant, tenant)
    const name = (await keys.own()).seal('name', Buffer.from(tenant, 'utf8'), tenantNameContext)
    const outcome = await outcomeOf(this.#kernel, { grant, keys, doorway: 'create_tenant', args: [name] })
    this.#kernel.seams.reach('tenant.recorded')
    if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
    if (outcome !== 'ok' && outcome !== 'exists')
      throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
    return { tenant, created: outcome === 'ok' }
  }

  /** Tenants in a fixed order that is not that of their names. `limit` default 100, at most 1,000. */
  async list(options: { readonly limit?: number; readonly cursor?: string } = {}): Promise<TenantPage> {
    const grant = this.#claims()
    const { limit = 100, cursor } = options
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'limit must be a whole number from 1 to 1,000')
    }
    const after = cursor === undefined ? Buffer.alloc(0) : parseCursor(cursor)
    const keys = await this.#kernel.keyring.deployment()
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'list_tenants', args: [after, limit] })
    const rows = await this.#kernel.doorways.read<TenantRow>(call)
    if (rows.find((row) => row.outcome !== null)?.outcome !== 'ok') {
      throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
    }
    const found = rows.filter((row) => row.outcome === null)
    const items: Tenant[] = []
    for (const row of found) items.push(await this.#openTenant(row))
    return { items, nextCursor: found.length === limit ? found.at(-1)!.tenant.toString('base64url') : null }
  }

  /**
   * Gives a tenant a policy of its own, or null for the deployment's. From its commit on nothing is served under the old
   * one. An audited act. Its quota stays, unless what stands there was tampered with: then that is replaced as a whole.
   */
  async setPolicy(tenant: string, policy: Policy | null): Promise<void> {
    const checked = policy === null ? null : checkPolicy(policy)
    await this.#change(tenant, async (keys, standing) => ({
      ...(await orNoTerms(() => openStanding(keys, standing))),
      policy: checked,
    }))
  }

  /**
   * Gives a tenant a quota of its own, in the place of the deployment's (`limits.tenantMemories`, `limits.tenantBytes`) as
   * a whole: what is absent in it has no bound. Null: the deployment's again. It is part of the tenant's policy, audited as
   * that, and goes for every write from its commit on. What is held beyond it stays.
   */
  async setQuota(tenant: string, quota: Quota | null): Promise<void> {
    const checked = quota === null ? null : checkQuota(quota)
    await this.#change(tenant, async (keys, standing) => ({ ...(await openStanding(keys, standing)), quota: checked }))
  }

  /**
   * How this tenant's content is screened: at which score it is flagged, held or refused, and which rules do not count. What is absent is the
   * built-in default's; null: the deployment's again. Audited as its policy is; goes for every write and recall from its commit on.
   */
  async setScreening(tenant: string, screening: Partial<ScreenPolicy> | null): Promise<void> {
    const checked = screening === null ? null : checkScreenPolicy(screening)
    await this.#change(tenant, async (keys, standing) => ({
      ...(await openStanding(keys, standing)),
      screening: checked,
    }))
  }

  /**
   * Gives a tenant's principals a budget of what each may be shown in a time, in the place of the deployment's (`limits.disclosure`). Null: the
   * deployment's again. Audited as its policy is; goes for every read from its commit on, and what was shown before counts.
   */
  async setDisclosure(tenant: string, budget: DisclosureBudget | null): Promise<void> {
    const checked = budget === null ? null : checkDisclosure(budget)
    await this.#change(tenant, async (keys, standing) => ({
      ...(await openStanding(keys, standing)),
      disclosure: checked,
    }))
  }

  /** The tenant's own disclosure budget, or null when the deployment's goes for it. */
  async disclosure(tenant: string): Promise<DisclosureBudget | null> {
    return (await this.#terms(tenant)).disclosure
  }

  /** The tenant's own quota, or null when the deployment's goes for it. */
  async quota(tenant: string): Promise<Quota | null> {
    return (await this.#terms(tenant)).quota
  }

  async #terms(tenant: string): Promise<TenantTerms> {
    const grant = this.#claims()
    const keys = await this.#permitted(grant, tenant)
    return openStanding(keys, await this.#standing(grant, keys))
  }

  async #change(tenant: string, next: (keys: TenantKeys, standing: Standing) => Promise<TenantTerms>): Promise<void> {
    const grant = this.#claims()
    const keys = await this.#permitted(grant, tenant)
    for (let attempt = 1; attempt <= 5; attempt++) {
      const standing = await this.#standing(grant, keys)
      const expected = standing.policy_version
      const sealed = sealTerms(await keys.own(), expected + 1, await next(keys, standing))
      const outcome = await outcomeOf(this.#kernel, { grant, keys, doorway: 'set_policy', args: [sealed, expected] })
      if (outcome === 'ok') return
      if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
      if (outcome !== 'conflict') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
    }
    throw new MemkeepError('ERR_VERSION_CONFLICT', 'the policy is being changed elsewhere', { retryable: true })
  }

  /** Without the right `tenants`: refused and recorded under the deployment, before anything tells whether there is such a tenant. */
  async #permitted(grant: GrantClaims, tenant: string): Promise<TenantKeys> {
    const keys = await placeOf(this.#kernel, grant, 'tenants', checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    if (grant.rights.includes('tenants')) return keys
    await outcomeOf(this.#kernel, { grant, keys, doorway: 'set_policy', args: [Buffer.alloc(0), 0] })
    throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
  }

  async #standing(grant: GrantClaims, keys: TenantKeys): Promise<Standing> {
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'enter', args: [] })
    const [row] = await this.#kernel.doorways.read<EnterRow>(call)
    if (row!.outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
    if (row!.outcome !== 'ok') throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
    return row!
  }

  /** Without the right `tenants` no key is made: the refusal stands under the deployment. */
  async #newPlaceOf(grant: GrantClaims, tenant: string): Promise<TenantKeys> {
    const { keyring } = this.#kernel
    if (!grant.rights.includes('tenants')) return keyring.deployment()
    return (await keyring.createTenant(tenant)).keys
  }

  /**
   * Lets an erased tenant, or one erased subject of a tenant, begin anew: under a new epoch and new keys, with nothing of what
   * was. Throws `ERR_INPUT_INVALID` when it was not erased, `ERR_ERASURE_INCOMPLETE` while its erasure is not done.
   */
  async reopen(tenant: string, options: { readonly subject?: string } = {}): Promise<void> {
    const grant = this.#claims()
    checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    if (!grant.rights.includes('tenants')) return this.#refuseReopening(grant)
    return options.subject === undefined
      ? this.#reopenTenant(grant, tenant)
      : this.#reopenSubject(grant, tenant, options.subject)
  }

  /** Asks first, and then makes keys: an erasure that is not done yet must not meet any. */
  async #reopenTenant(grant: GrantClaims, id: string): Promise<void> {
    const { keyring } = this.#kernel
    const tenant = await keyring.tenantTag(id)
    const tenantEpoch = nextEpoch(await keyring.erasedEpoch(tenant, null))
    const on = { tenant, reach: 'all', tenantEpoch } as const
    const act = { grant, keys: await keyring.deployment(), doorway: 'reopen_scope', on }
    expectReopened(await outcomeOf(this.#kernel, { ...act, args: [null] }))
    const keys = await keyring.reopenTenant(tenant, tenantEpoch)
    const name = (await keys.own()).seal('name', Buffer.from(id, 'utf8'), tenantNameContext)
    expectReopened(await outcomeOf(this.#kernel, { ...act, args: [name] }))
  }

  async #reopenSubject(grant: GrantClaims, tenant: string, subject: string): Promise<void> {
    const { keyring } = this.#kernel
    const keys = await keyring.tenant(tenant)
    const shelf = keys.subjectTag(checkId(subject, 'subject', 'ERR_SCOPE_REQUIRED'))
    const shelfEpoch = nextEpoch(await keyring.erasedEpoch(keys.tag, shelf))
    const act = { grant, keys, doorway: 'reopen_scope', on: { reach: 'subject', shelf, shelfEpoch } as const }
    expectReopened(await outcomeOf(this.#kernel, { ...act, args: [null] }))
    if (!(await keys.reopenSubject(shelf, shelfEpoch))) expectReopened('conflict')
    const name = sealSubjectName(await keys.own(), shelf, subject)
    expectReopened(await outcomeOf(this.#kernel, { ...act, args: [name] }))
  }

  async #refuseReopening(grant: GrantClaims): Promise<void> {
    const keys = await this.#kernel.keyring.deployment()
    expectReopened(await outcomeOf(this.#kernel, { grant, keys, doorway: 'reopen_scope', args: [null] }))
  }

  async #openTenant(row: TenantRow): Promise<Tenant> {
    if (row.name.length === 0) {
      return { tenant: `erased:${row.tenant.toString('hex')}`, state: 'barred', createdAt: new Date(row.created_ms) }
    }
    const keys = await this.#kernel.keyring.tenantByTag(row.tenant)
    const tenant = (await keys.own()).open('name', row.name, tenantNameContext).toString('utf8')
    return { tenant, state: row.state === 0 ? 'open' : 'barred', createdAt: new Date(row.created_ms) }
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

function nextEpoch(erased: number): number {
  if (erased === 0) throw notErased()
  return erased + 1
}

function notErased(): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', 'it was not erased')
}

function expectReopened(outcome: string): void {
  if (outcome === 'missing') throw notErased()
  if (outcome === 'conflict') {
    throw new MemkeepError('ERR_ERASURE_INCOMPLETE', 'its erasure is not done yet', { retryable: true })
  }
  if (outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}

async function openStanding(keys: TenantKeys, standing: Standing): Promise<TenantTerms> {
  return openTerms(await keys.own(), standing.policy_version, standing.policy)
}

async function orNoTerms(open: () => Promise<TenantTerms>): Promise<TenantTerms> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_SEAL_BROKEN') return noTerms
    throw error
  }
}

function parseCursor(cursor: unknown): Buffer {
  const tag = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0)
  if (tag.length !== 16) throw new MemkeepError('ERR_INPUT_INVALID', 'cursor is not one that list gave')
  return tag
}
