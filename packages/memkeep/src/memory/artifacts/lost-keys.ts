import type { Artifact } from '../../artifacts/artifact.ts'
import { MemkeepError } from '../../core/errors.ts'
import type { TenantKeys } from '../../keys/tenant-keys.ts'
import { byteaArray, uuidArray } from '../../store/wire-arrays.ts'
import type { Access } from '../access.ts'
import { callAsUpkeep, upkeepReach } from '../as-upkeep.ts'
import type { Kernel } from '../kernel.ts'
import { type ArtifactRow, openArtifact } from './artifact-row.ts'

// A restored database brings back versions that had ended, whose keys of their own were deleted then. They are nobody's any more: each counts as hidden, and is
// made anew.

/** A version whose key is gone. */
export interface LostVersion {
  readonly id: string
  readonly seal: Buffer
}

type Caller = Pick<Kernel, 'doorways' | 'seams'>

/** Opens what can be read of these rows, in their order; what lost its own key is left out and queued to be made anew. */
export async function openStanding(kernel: Caller, access: Access, rows: readonly ArtifactRow[]): Promise<Artifact[]> {
  const opened: Artifact[] = []
  const lost: LostVersion[] = []
  for (const row of rows) {
    const { id, seal } = row
    const open = openArtifact(access.keys, access.claims, row)
    const artifact = await (seal === null ? open : open.catch(keyLost))
    if (artifact !== null) opened.push(artifact)
    else lost.push({ id, seal: seal! })
  }
  await hideLost(kernel, access.keys, access.claims.tenantEpoch, lost)
  return opened
}

/** Null in the place of `ERR_KEY_DESTROYED`. */
export function keyLost(error: unknown): null {
  if (error instanceof MemkeepError && error.code === 'ERR_KEY_DESTROYED') return null
  throw error
}

/** Hides them and queues them to be made anew: of a tenant's subjects, or (under the deployment's keys) of the library. */
export async function hideLost(
  kernel: Caller,
  keys: TenantKeys,
  tenantEpoch: number,
  lost: readonly LostVersion[],
): Promise<void> {
  if (lost.length === 0) return
  const args = [uuidArray(lost.map(({ id }) => id)), byteaArray(lost.map(({ seal }) => seal))]
  await callAsUpkeep(kernel, keys, upkeepReach(keys, tenantEpoch), 'hide_lost', args)
}
