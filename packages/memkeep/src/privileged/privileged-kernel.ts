import { encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import type { GrantClaims, GrantRight } from '../core/grant.ts'
import { rightsMask } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'

/** What privileged calls work with. */
export interface PrivilegedKernel {
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
  readonly checkOpen: () => void
}

/** Claims of a privileged call on one tenant, or on the deployment (its keys are a tenant's like any other). */
export function grantClaims(grant: GrantClaims, keys: TenantKeys): Claims {
  return {
    tenant: keys.tag,
    reach: 'common',
    shelf: keys.commonTag,
    tenantEpoch: keys.epoch,
    shelfEpoch: 0,
    clearance: 0,
    writable: 0,
    actors: 0,
    rights: rightsMask(grant.rights satisfies readonly GrantRight[]),
    principal: keys.principalTag(grant.principal.id),
    policyVersion: 0,
  }
}

/** Who and why, sealed under the tenant's own key. */
export async function grantDetail(grant: GrantClaims, keys: TenantKeys): Promise<Buffer> {
  const key = await keys.own()
  const detail = eventDetail(grant.principal, { reason: grant.reason })
  return frameDetail('tenant', key.epoch, key.seal('audit', encodeDetail(detail), []))
}
