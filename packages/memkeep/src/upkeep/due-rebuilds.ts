import type { DueRebuild, RebuildEnd } from '../artifacts/due-rebuild.ts'
import type { Seams } from '../core/seams.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Doorways } from '../store/doorways.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

/** Who rebuilds, and what. */
export interface Rebuilding {
  readonly kinds: readonly string[]
  readonly rebuild: (keys: TenantKeys, due: DueRebuild) => Promise<RebuildEnd>
}

/** Longer than a rebuilding may take: after it, another process takes what this one died with. */
export const leaseMs = 600_000
export const atOnce = 20

/** Takes hidden artifacts whose time has come, for this process alone. */
export async function dueRebuilds(
  doorways: Doorways,
  keys: TenantKeys,
  seams: Seams,
  kinds: readonly string[],
): Promise<DueRebuild[]> {
  const event = seams.ids.uuid(seams.clock.now())
  const rows = await doorways.read<DueRebuild & { readonly outcome: string | null }>({
    doorway: 'due_rebuilds',
    claims: upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
    event,
    args: [kinds, leaseMs, atOnce, await upkeepDetail(keys, event)],
  })
  return rows.filter((row) => row.outcome === null)
}
