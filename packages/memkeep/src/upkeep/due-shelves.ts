import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { LogCaller } from './log-call.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

/** A shelf on which something is due, and its tenant's keys. */
export interface DueEpisodes {
  readonly keys: TenantKeys
  readonly subject: Buffer
  readonly tenantEpoch: number
  readonly shelfEpoch: number
}

/** A shelf with memories whose vectors are still to come, since that version of it. */
export interface WaitingShelf extends Omit<DueEpisodes, 'keys'> {
  readonly openKeys: () => Promise<TenantKeys>
  readonly waits: number
}

export interface WaitingRow extends DueRow {
  readonly waits: number
}

/** A shelf as the database brings it. */
export interface DueRow {
  readonly outcome: string | null
  readonly tenant: Buffer
  readonly subject: Buffer
  readonly tenant_epoch: number
  readonly shelf_epoch: number
}

/** How many shelves one look brings. */
export const shelvesAtOnce = 500

/** Shelves of any tenant for which the doorway says that something is due. */
export async function dueShelves<Row extends DueRow>(
  { doorways, keyring, seams }: LogCaller,
  doorway: 'due_shelves' | 'due_vectors',
  args: readonly unknown[],
): Promise<Row[]> {
  const keys = await keyring.deployment()
  const event = seams.ids.uuid(seams.clock.now())
  const claims = upkeepClaims(keys, keys.commonTag, 0, keys.epoch)
  const call = { doorway, claims, event, args: [...args, await upkeepDetail(keys, event)] }
  return (await doorways.read<Row>(call)).filter((row) => row.outcome === null)
}
