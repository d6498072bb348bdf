import type { Seams } from '../core/seams.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Doorways } from '../store/doorways.ts'
import { uuidArray } from '../store/wire-arrays.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

/** Removes values by their keys in the cache. False when it cannot now. */
export type RemoveValues = (keys: readonly string[]) => Promise<boolean>

const atOnce = 1000

/** Removes from the cache what nobody can read any more, as its sources have gone. What cannot be removed now is left for the next pass. */
export async function removeDroppedValues(
  doorways: Doorways,
  keys: TenantKeys,
  seams: Seams,
  remove: RemoveValues,
): Promise<void> {
  for (let done: readonly string[] = []; ; ) {
    const event = seams.ids.uuid(seams.clock.now())
    const rows = await doorways.read<{ outcome: string | null; id: string }>({
      doorway: 'dropped_values',
      claims: upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
      event,
      args: [uuidArray(done), atOnce, await upkeepDetail(keys, event)],
    })
    const ids = rows.filter(({ outcome }) => outcome === null).map(({ id }) => id)
    if (ids.length === 0 || !(await remove(ids.map((id) => id.replaceAll('-', ''))))) return
    done = ids
  }
}
