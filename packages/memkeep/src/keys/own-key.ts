import { uuidBytes } from '../core/ids.ts'
import type { Seams } from '../core/seams.ts'
import type { DataKey } from './data-key.ts'
import type { TenantKeys } from './tenant-keys.ts'

/** The key of its own of one version, and the id by which its row names it. */
export interface VersionKey {
  readonly seal: Buffer
  readonly key: DataKey
}

/**
 * Has a version sealed under a fresh key of its own and stored. When it was certainly not stored (the answer is false), the key goes; when that is not known, it
 * stays, and an erasure removes it in its time.
 */
export async function underOwnKey<T>(
  keys: TenantKeys,
  { ids, clock }: Pick<Seams, 'ids' | 'clock'>,
  store: (own: VersionKey) => Promise<{ readonly stored: boolean; readonly answer: T }>,
): Promise<T> {
  const seal = uuidBytes(ids.uuid(clock.now()))
  const { stored, answer } = await store({ seal, key: await keys.makeVersion(seal) })
  if (!stored) await keys.dropVersion(seal)
  return answer
}
