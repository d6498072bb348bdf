import { byUpkeep, detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { rightBits } from '../core/rights.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Claims } from '../store/token.ts'

/** What a token of upkeep states for one shelf of a tenant, or of the deployment. */
export function upkeepClaims(keys: TenantKeys, shelf: Buffer, shelfEpoch: number, tenantEpoch: number): Claims {
  return {
    tenant: keys.tag,
    reach: shelf.equals(keys.commonTag) ? 'common' : 'subject',
    shelf,
    tenantEpoch,
    shelfEpoch,
    clearance: 0b111,
    writable: 0b111,
    actors: 0,
    rights: rightBits.upkeep,
    principal: keys.principalTag(byUpkeep.principal),
    policyVersion: 0,
  }
}

export async function upkeepDetail(keys: TenantKeys, event: string): Promise<Buffer> {
  const key = await keys.own()
  return frameDetail('tenant', key.epoch, key.seal('audit', encodeDetail(byUpkeep), detailContext(event)))
}
