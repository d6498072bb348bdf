import { byErasure, detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import type { ErasureScope, ErasureTarget } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'
import { unlearnedNotes } from './unlearned-notes.ts'
import { upkeepClaims } from './upkeep-call.ts'

export interface CacheTargetInput {
  /** Of the application's login. */
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
  readonly cache: { readonly name: string; delete(keys: readonly string[]): Promise<boolean> }
}

/** The code of a note on a value of the cache. */
const droppedValue = 3

/**
 * The values that an erased scope has in the cache, and those of shelves that it shares which were made of its memories. None can be read from the barrier on, in any process; here their sealed bytes go too. A
 * cache that cannot be reached keeps the erasure open.
 */
export function cacheTarget(input: CacheTargetInput): ErasureTarget {
  const name = `cache.${input.cache.name}`
  const count = async (scope: ErasureScope) => ({ [name]: (await idsOf(input, scope)).length })
  return {
    name,
    stores: [name],
    inventory: count,
    async invalidate(scope) {
      const notes = await unlearnedNotes(input, scope, false)
      const dropped = notes.filter(({ action }) => action === droppedValue).map(({ artifact }) => artifact)
      const ids = [...(await idsOf(input, scope)), ...dropped]
      const gone = await input.cache.delete(ids.map((id) => id.replaceAll('-', '')))
      if (!gone) throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the cache cannot be reached', { retryable: true })
    },
    // After the rows that named them: they went when the cache was invalidated.
    erase: async () => ({ deleted: {} }),
    verify: count,
  }
}

/** By tags and under the deployment's keys: those of the scope may be gone. */
async function idsOf({ doorways, keyring, seams }: CacheTargetInput, scope: ErasureScope): Promise<string[]> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const claims: Claims = {
    ...upkeepClaims(keys, scope.subject ?? keys.commonTag, 0, 0),
    tenant: scope.tenant,
    reach: scope.subject === null ? 'all' : 'subject',
    rights: rightBits.erase | rightBits.erasing,
  }
  const sealed = key.seal('audit', encodeDetail(byErasure), detailContext(event))
  const args = [frameDetail('deployment', key.epoch, sealed)]
  const rows = await doorways.read<{ outcome: string | null; id: string }>({
    doorway: 'cached_of_scope',
    claims,
    event,
    args,
  })
  return rows.filter(({ outcome }) => outcome === null).map(({ id }) => id)
}
