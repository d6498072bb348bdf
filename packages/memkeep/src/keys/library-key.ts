import { hash } from 'node:crypto'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../core/labels.ts'
import { canonicalBytes, type Field } from '../proof/canonical-bytes.ts'
import { type DataKey, keyVersionOf } from './data-key.ts'
import type { TenantKeys } from './tenant-keys.ts'

/** The clear labels of one version of an entry of the deployment's library: they stand in its associated data. */
export interface LibraryLabels {
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly sensitivity: Sensitivity
  readonly trust: Trust
}

/** The tag in whose name a version of an entry has a key of its own, among those of the deployment. */
export function librarySeal(deployment: TenantKeys, { id, version }: Pick<LibraryLabels, 'id' | 'version'>): Buffer {
  return deployment.keyedTag('library-key', canonicalBytes([id, version]))
}

export function sealLibraryEntry(key: DataKey, labels: LibraryLabels, content: string): Buffer {
  return key.seal('content', Buffer.from(content, 'utf8'), contextOf(labels))
}

/** Throws `ERR_SEAL_BROKEN` for bytes of another entry, another version, or relabelled. */
export async function openLibraryEntry(
  deployment: TenantKeys,
  labels: LibraryLabels,
  { epoch, content }: { readonly epoch: number; readonly content: Buffer },
): Promise<string> {
  const key = await deployment.forOpening(librarySeal(deployment, labels), epoch, keyVersionOf(content))
  return key.open('content', content, contextOf(labels)).toString('utf8')
}

function contextOf({ id, version, kind, sensitivity, trust }: LibraryLabels): Field[] {
  const labels = [kind, sensitivities.indexOf(sensitivity), trusts.indexOf(trust)]
  return ['library', id, version, hash('sha256', canonicalBytes(labels), 'buffer')]
}
