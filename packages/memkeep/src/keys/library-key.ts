import { hash } from 'node:crypto'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../core/labels.ts'
import { canonicalBytes, type Field } from '../proof/canonical-bytes.ts'
import { type DataKey, keyVersionOf } from './data-key.ts'
import { earlierSeal } from './earlier-seals.ts'
import type { TenantKeys } from './tenant-keys.ts'

/** The clear labels of one version of an entry of the deployment's library: they stand in its associated data. */
export interface LibraryLabels {
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly sensitivity: Sensitivity
  readonly trust: Trust
}

export function sealLibraryEntry(key: DataKey, labels: LibraryLabels, content: string): Buffer {
  return key.seal('content', Buffer.from(content, 'utf8'), contextOf(labels))
}

/** Throws `ERR_SEAL_BROKEN` for bytes of another entry, another version, or relabelled. */
export async function openLibraryEntry(
  deployment: TenantKeys,
  labels: LibraryLabels,
  { seal, epoch, content }: { readonly seal: Buffer; readonly epoch: number; readonly content: Buffer },
): Promise<string> {
  const isEarlier = seal.equals(earlierSeal(deployment, 'library-key', labels.id, labels.version))
  const key = await (isEarlier
    ? deployment.forOpening(seal, epoch, keyVersionOf(content))
    : deployment.versionKey(seal, epoch, keyVersionOf(content)))
  return key.open('content', content, contextOf(labels)).toString('utf8')
}

function contextOf({ id, version, kind, sensitivity, trust }: LibraryLabels): Field[] {
  const labels = [kind, sensitivities.indexOf(sensitivity), trusts.indexOf(trust)]
  return ['library', id, version, hash('sha256', canonicalBytes(labels), 'buffer')]
}
