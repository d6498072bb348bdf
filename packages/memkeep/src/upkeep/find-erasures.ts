import { detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import { upkeepClaims } from './upkeep-call.ts'

/** Where an erasure stands. */
export interface ErasureFound {
  readonly tenant: Buffer
  readonly id: string
  readonly kind: number
  readonly subject: Buffer
}

const most = 200

type Caller = { readonly doorways: Doorways; readonly keyring: Keyring; readonly seams: Seams }

/** Erasures of any tenant that are not done and that no process works on, oldest first; or the one with this id. */
export function findErasures(caller: Caller, id: string | null): Promise<ErasureFound[]> {
  return look<ErasureFound>(caller, 'due_erasures', [id, most])
}

/** Erasures of any tenant that are done, and whose bar and record may go. */
export function endedErasures(caller: Caller): Promise<(ErasureFound & { readonly epoch: number })[]> {
  return look<ErasureFound & { readonly epoch: number }>(caller, 'ended_erasures', [most])
}

async function look<Row extends ErasureFound>(
  { doorways, keyring, seams }: Caller,
  doorway: string,
  args: readonly unknown[],
): Promise<Row[]> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const sealed = key.seal('audit', encodeDetail({ principal: 'memkeep upkeep', roles: [] }), detailContext(event))
  const rows = await doorways.read<Row & { readonly outcome: string | null }>({
    doorway,
    event,
    claims: {
      ...upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
      clearance: 0,
      writable: 0,
      rights: rightBits.erasing,
    },
    args: [...args, frameDetail('tenant', key.epoch, sealed)],
  })
  return rows.filter((row) => row.outcome === null)
}
