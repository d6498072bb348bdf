import { byUpkeep, detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import type { ErasureScope } from '../core/erasure.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'
import { upkeepClaims } from './upkeep-call.ts'

interface UnlearnedInput {
  /** Of the application's login. */
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
}

/** What became of something that an erasure took a source of. */
export interface UnlearnedNote {
  readonly outcome: string | null
  readonly artifact: string
  readonly kind: string
  readonly action: number
  readonly rebuilt: boolean
  readonly seal: Buffer | null
  readonly epoch: number
}

/** Of one erasure; `done` removes them, as what they are for is done. By tags and under the deployment's keys: those of the scope may be gone. */
export async function unlearnedNotes(
  { doorways, keyring, seams }: UnlearnedInput,
  { tenant, erasure }: ErasureScope,
  done: boolean,
): Promise<UnlearnedNote[]> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const claims: Claims = { ...upkeepClaims(keys, keys.commonTag, 0, 0), tenant, reach: 'all', rights: rightBits.upkeep }
  const sealed = key.seal('audit', encodeDetail(byUpkeep), detailContext(event))
  const args = [erasure, done, frameDetail('deployment', key.epoch, sealed)]
  const rows = await doorways.read<UnlearnedNote>({ doorway: 'settle_unlearned', claims, event, args })
  return rows.filter((row) => row.outcome === null)
}
