import { noTerms, type TenantTerms } from '../policy/tenant-terms.ts'
import { checkScreenPolicy, type ScreenPolicy } from '../screening/judge.ts'

/** A tenant's own policy, quota and screening, each null for the deployment's, and the version that tokens minted under them must carry. */
export interface TenantPolicy extends TenantTerms {
  readonly version: number
  readonly screening: ScreenPolicy | null
}

const deployments: TenantPolicy = Object.freeze({ version: 0, ...noTerms, screening: null })

/**
 * Tenants' policies as last seen. Never trusted to be current: a token carries the version it was minted under, and the
 * doorway refuses any but the standing one, so a tenant that is not known here is first taken to have none.
 */
export class TenantPolicies {
  readonly #known = new Map<string, TenantPolicy>()
  readonly #limit: number

  constructor(limit = 10_000) {
    this.#limit = limit
  }

  get(tenantTag: Buffer): TenantPolicy {
    return this.#known.get(tenantTag.toString('hex')) ?? deployments
  }

  set(tenantTag: Buffer, version: number, terms: TenantTerms): void {
    const screening = terms.screening === null ? null : checkScreenPolicy(terms.screening)
    const policy = Object.freeze({ ...terms, version, screening })
    const key = tenantTag.toString('hex')
    this.#known.delete(key)
    this.#known.set(key, policy)
    if (this.#known.size > this.#limit) this.#known.delete(this.#known.keys().next().value!)
  }
}
