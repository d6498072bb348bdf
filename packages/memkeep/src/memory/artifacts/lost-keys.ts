import type { Artifact } from '../../artifacts/artifact.ts'
import type { Rebuilders } from '../../artifacts/rebuilder.ts'
import { MemkeepError } from '../../core/errors.ts'
import type { TenantKeys } from '../../keys/tenant-keys.ts'
import { byteaArray, uuidArray } from '../../store/wire-arrays.ts'
import type { Access } from '../access.ts'
import { callAsUpkeep, upkeepReach } from '../as-upkeep.ts'
import type { Kernel } from '../kernel.ts'
import { type ArtifactRow, openArtifact } from './artifact-row.ts'

// A restored database brings back versions that had ended, whose keys of their own were deleted then. They are nobody's any more: each counts as hidden, and is
// made anew by a process that can. One that cannot leaves them as they are: with the key store that belongs to them they would open.

/** A version whose key is gone. */
export interface LostVersion {
  readonly id: string
  readonly kind: string
  readonly seal: Buffer
}

type Caller = Pick<Kernel, 'doorways' | 'seams'>
type RebuildingCaller = Caller & Pick<Kernel, 'rebuilders'>

/** Opens what can be read of these rows, in their order; what lost its own key is left out and queued to be made anew. */
export async function openStanding(
  kernel: RebuildingCaller,
  access: Access,
  rows: readonly ArtifactRow[],
): Promise<Artifact[]> {
  const opened: Artifact[] = []
  const lost: LostVersion[] = []
  for (const row of rows) {
    const { id, kind, seal } = row
    const open = openArtifact(access.keys, access.claims, row)
    const artifact = await (seal === null ? open : open.catch(keyLost))
    if (artifact !== null) opened.push(artifact)
    else lost.push({ id, kind, seal: seal! })
  }
  await hideLost(kernel, access.keys, access.claims.tenantEpoch, lost, kernel.rebuilders)
  return opened
}

/** Null in the place of `ERR_KEY_DESTROYED`. */
export function keyLost(error: unknown): null {
  if (error instanceof MemkeepError && error.code === 'ERR_KEY_DESTROYED') return null
  throw error
}

/** Hides those that a rebuilder makes anew, and queues them: of a tenant's subjects, or (under the deployment's keys) of the library. */
export async function hideLost(
  kernel: Caller,
  keys: TenantKeys,
  tenantEpoch: number,
  lost: readonly LostVersion[],
  rebuilders: Rebuilders = {},
): Promise<void> {
  const made = lost.filter(({ kind }) => Object.hasOwn(rebuilders, kind))
  if (made.length === 0) return
  const args = [uuidArray(made.map(({ id }) => id)), byteaArray(made.map(({ seal }) => seal))]
  await callAsUpkeep(kernel, keys, upkeepReach(keys, tenantEpoch), 'hide_lost', args)
}
