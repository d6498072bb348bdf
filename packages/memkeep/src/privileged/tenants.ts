import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { checkId } from '../core/text.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { checkPolicy, type Policy } from '../policy/policy.ts'
import { encodePolicy, policyContext } from '../policy/sealed-policy.ts'
import { callOf, outcomeOf, type PrivilegedKernel } from './privileged-kernel.ts'

export interface Tenant {
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

const nameContext = Object.freeze(['tenant', 'name'])

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
    const keys = await this.#placeOf(grant, tenant)
    const name = (await keys.own()).seal('name', Buffer.from(tenant, 'utf8'), nameContext)
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
   * one. An audited act.
   */
  async setPolicy(tenant: string, policy: Policy | null): Promise<void> {
    const grant = this.#claims()
    const keys = await this.#kernel.keyring.tenant(checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    const encoded = encodePolicy(policy === null ? null : checkPolicy(policy))
    for (let attempt = 1; attempt <= 5; attempt++) {
      const expected = await this.#policyVersion(grant, keys)
      const sealed = (await keys.own()).seal('policy', encoded, policyContext(expected + 1))
      const outcome = await outcomeOf(this.#kernel, { grant, keys, doorway: 'set_policy', args: [sealed, expected] })
      if (outcome === 'ok') return
      if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
      if (outcome !== 'conflict') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
    }
    throw new MemkeepError('ERR_VERSION_CONFLICT', 'the policy is being changed elsewhere', { retryable: true })
  }

  async #policyVersion(grant: GrantClaims, keys: TenantKeys): Promise<number> {
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'enter', args: [] })
    const [row] = await this.#kernel.doorways.read<{ outcome: string; policy_version: number }>(call)
    if (row!.outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
    if (row!.outcome !== 'ok') throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
    return row!.policy_version
  }

  /** Without the right `tenants` no key is made: the refusal stands under the deployment. */
  async #placeOf(grant: GrantClaims, tenant: string): Promise<TenantKeys> {
    const { keyring } = this.#kernel
    if (!grant.rights.includes('tenants')) return keyring.deployment()
    return (await keyring.createTenant(tenant)).keys
  }

  async #openTenant(row: TenantRow): Promise<Tenant> {
    const keys = await this.#kernel.keyring.tenantByTag(row.tenant)
    const tenant = (await keys.own()).open('name', row.name, nameContext).toString('utf8')
    return { tenant, state: row.state === 0 ? 'open' : 'barred', createdAt: new Date(row.created_ms) }
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

function parseCursor(cursor: unknown): Buffer {
  const tag = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0)
  if (tag.length !== 16) throw new MemkeepError('ERR_INPUT_INVALID', 'cursor is not one that list gave')
  return tag
}
