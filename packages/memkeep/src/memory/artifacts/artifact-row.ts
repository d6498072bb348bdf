import { hash } from 'node:crypto'
import { type Artifact, artifactStates, places } from '../../artifacts/artifact.ts'
import { MemkeepError } from '../../core/errors.ts'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../../core/labels.ts'
import type { Json } from '../../core/memory.ts'
import { type DataKey, keyVersionOf } from '../../keys/data-key.ts'
import { earlierSeal } from '../../keys/earlier-seals.ts'
import type { TenantKeys } from '../../keys/tenant-keys.ts'
import { canonicalBytes, type Field } from '../../proof/canonical-bytes.ts'
import type { Claims } from '../../store/token.ts'

/** A row of the doorway `artifacts` as the driver brings it. */
export interface ArtifactRow {
  readonly outcome: string | null
  readonly subject: Buffer
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly place: number
  readonly state: number
  readonly sensitivity: number
  readonly trust: number
  readonly created_ms: number
  readonly updated_ms: number
  readonly expires_ms: number | null
  readonly derived_from: string[]
  readonly epoch: number
  readonly seal: Buffer | null
  readonly content: Buffer
  readonly details: Buffer
  readonly attempts: number
  readonly failure: string | null
}

/** The clear labels of one version of an artifact: they stand in its associated data. */
export interface ArtifactLabels {
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly place: number
  readonly sensitivity: Sensitivity
  readonly trust: Trust
  readonly createdMs: number
  readonly expiresMs: number | null
  readonly derivedFrom: readonly string[]
}

export interface ArtifactTexts {
  readonly content: string
  readonly metadata: { readonly [key: string]: Json }
}

/** Moved to another row, shelf or version, or relabelled, it does not open. */
function contextOf(labels: ArtifactLabels, shelf: Buffer, column: 'content' | 'details'): Field[] {
  const { id, version, kind, place, createdMs, expiresMs, derivedFrom } = labels
  const label = [sensitivities.indexOf(labels.sensitivity), trusts.indexOf(labels.trust)]
  const digest = hash('sha256', canonicalBytes([kind, place, ...label, createdMs, expiresMs, derivedFrom]), 'buffer')
  return ['artifact', shelf, id, version, column, digest]
}

export function sealArtifact(
  key: DataKey,
  labels: ArtifactLabels,
  shelf: Buffer,
  { content, metadata }: ArtifactTexts,
) {
  const seal = (column: 'content' | 'details', text: string): Buffer =>
    key.seal(column, Buffer.from(text, 'utf8'), contextOf(labels, shelf, column))
  return { content: seal('content', content), details: seal('details', JSON.stringify(metadata)) }
}

/** Opens a row that the claims may see, and no other. What is hidden has nothing to open. */
export async function openArtifact(keys: TenantKeys, claims: Claims, row: ArtifactRow): Promise<Artifact> {
  if (!inReach(keys, claims, row))
    throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought a row beyond the scope')
  const labels = labelsOf(row)
  const hidden = row.state !== 0
  const texts = hidden ? { content: null, metadata: {} } : await openTexts(keys, labels, row)
  return {
    id: row.id,
    version: row.version,
    kind: row.kind,
    ...texts,
    state: artifactStates[row.state]!,
    covered: row.place !== places.beyond,
    trust: labels.trust,
    sensitivity: labels.sensitivity,
    shared: row.subject.equals(keys.commonTag),
    derivedFrom: row.derived_from,
    createdAt: new Date(row.created_ms),
    updatedAt: new Date(row.updated_ms),
    attempts: row.attempts,
    failure: row.failure,
  }
}

/** What a row says, sealed under another key of its subject and the labels that the row has now. */
export async function sealArtifactAnew(keys: TenantKeys, key: DataKey, row: ArtifactRow) {
  const labels = labelsOf(row)
  return sealArtifact(key, labels, row.subject, await openTexts(keys, labels, row))
}

async function openTexts(keys: TenantKeys, labels: ArtifactLabels, row: ArtifactRow): Promise<ArtifactTexts> {
  const key = await keyOf(keys, row)
  const open = (column: 'content' | 'details'): string =>
    key.open(column, row[column], contextOf(labels, row.subject, column)).toString('utf8')
  return { content: open('content'), metadata: JSON.parse(open('details')) as ArtifactTexts['metadata'] }
}

/** A shared one has a key of its own: of another version, another artifact, what it says does not open. */
function keyOf(keys: TenantKeys, { id, version, subject, seal, epoch, content }: ArtifactRow): Promise<DataKey> {
  const isEarlier = seal?.equals(earlierSeal(keys, 'artifact-key', id, version))
  if (seal === null || isEarlier) return keys.forOpening(seal ?? subject, epoch, keyVersionOf(content))
  return keys.versionKey(seal, epoch, keyVersionOf(content))
}

function inReach(
  keys: TenantKeys,
  { reach, shelf, clearance }: Claims,
  { subject, sensitivity }: ArtifactRow,
): boolean {
  if ((clearance & (1 << sensitivity)) === 0) return false
  return reach === 'all' || subject.equals(shelf) || (reach === 'subject' && subject.equals(keys.commonTag))
}

function labelsOf(row: ArtifactRow): ArtifactLabels {
  return {
    id: row.id,
    version: row.version,
    kind: row.kind,
    place: row.place,
    sensitivity: sensitivities[row.sensitivity]!,
    trust: trusts[row.trust]!,
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    derivedFrom: row.derived_from,
  }
}
