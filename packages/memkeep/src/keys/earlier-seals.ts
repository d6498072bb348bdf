import { canonicalBytes } from '../proof/canonical-bytes.ts'
import type { TenantKeys } from './tenant-keys.ts'

// Up to schema 46 a version's own key was named by a tag over its id and number, among the keys of subjects.

export type SealPurpose = 'artifact-key' | 'library-key'

/** More versions than one made before had. */
const mostVersions = 1000

export function earlierSeal(keys: TenantKeys, purpose: SealPurpose, id: string, version: number): Buffer {
  return keys.keyedTag(purpose, canonicalBytes([id, version]))
}

/** Whether it is the seal of any version of that artifact: then it names no subject. */
export function isEarlierSeal(keys: TenantKeys, purpose: SealPurpose, id: string, seal: Buffer): boolean {
  for (let version = 1; version <= mostVersions; version++) {
    if (seal.equals(earlierSeal(keys, purpose, id, version))) return true
  }
  return false
}
