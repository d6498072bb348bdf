import { detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'

/** Where an erasure stands. */
export interface ErasureFound {
  readonly tenant: Buffer
  readonly id: string
  readonly kind: number
  readonly subject: Buffer
}

const most = 200

/** Erasures of any tenant that are not done and that no process works on, oldest first; or the one with this id. */
export async function findErasures(
  { doorways, keyring, seams }: { doorways: Doorways; keyring: Keyring; seams: Seams },
  id: string | null,
): Promise<ErasureFound[]> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const sealed = key.seal('audit', encodeDetail({ principal: 'memkeep upkeep', roles: [] }), detailContext(event))
  const rows = await doorways.read<ErasureFound & { readonly outcome: string | null }>({
    doorway: 'due_erasures',
    event,
    claims: {
      tenant: keys.tag,
      reach: 'common',
      shelf: keys.commonTag,
      tenantEpoch: keys.epoch,
      shelfEpoch: 0,
      clearance: 0,
      writable: 0,
      actors: 0,
      rights: rightBits.erasing,
      principal: keys.principalTag('memkeep upkeep'),
      policyVersion: 0,
    },
    args: [id, most, frameDetail('tenant', key.epoch, sealed)],
  })
  return rows.filter((row) => row.outcome === null)
}
