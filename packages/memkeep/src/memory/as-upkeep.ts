import { byUpkeep, detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { rightBits } from '../core/rights.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Claims } from '../store/token.ts'
import type { Kernel } from './kernel.ts'

// Calls of one tenant that upkeep causes: nobody asks for them, and no policy is looked at.

/** Reads the whole tenant, as the sources of what is rebuilt may be anybody's; writes what was hidden and nothing else. */
export function upkeepReach(keys: TenantKeys, tenantEpoch: number): Claims {
  return {
    tenant: keys.tag,
    reach: 'all',
    shelf: keys.commonTag,
    tenantEpoch,
    shelfEpoch: 0,
    clearance: 0b111,
    writable: 0b111,
    actors: 0,
    rights: rightBits.upkeep | rightBits.read | rightBits.tenant,
    principal: keys.principalTag(byUpkeep.principal),
    policyVersion: 0,
  }
}

/** A call whose last argument is the detail of its event, in the tenant's ledger. */
export async function callAsUpkeep<Row extends object>(
  { doorways, seams }: Pick<Kernel, 'doorways' | 'seams'>,
  keys: TenantKeys,
  claims: Claims,
  doorway: string,
  args: readonly unknown[],
): Promise<Row[]> {
  const atMs = seams.clock.now()
  const event = seams.ids.uuid(atMs)
  const key = await keys.own()
  const detail = key.seal('audit', encodeDetail(byUpkeep), detailContext(event))
  const call = { doorway, claims, event, atMs }
  return doorways.read<Row>({ ...call, args: [...args, frameDetail('tenant', key.epoch, detail)] })
}
