import { places, unreachableKinds } from '../../artifacts/artifact.ts'
import { MemkeepError } from '../../core/errors.ts'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../../core/labels.ts'
import type { Json } from '../../core/memory.ts'
import { rightBits } from '../../core/rights.ts'
import type { ScopeClaims } from '../../core/scope.ts'
import { checkText } from '../../core/text.ts'
import type { DataKey } from '../../keys/data-key.ts'
import { underOwnKey } from '../../keys/own-key.ts'
import type { Claims } from '../../store/token.ts'
import { uuidArray } from '../../store/wire-arrays.ts'
import { type Access, hasRight, readDetail, withAccess, writeDetail } from '../access.ts'
import { screenMade } from '../gate.ts'
import { checkKeys, checkKind, checkMetadata, checkOneOf, checkSources } from '../input.ts'
import type { Kernel } from '../kernel.ts'
import { expectOutcome } from '../outcome.ts'
import { readersOf } from '../recalled.ts'
import { sealedSubjectName, settle } from '../write.ts'
import { type ArtifactLabels, type ArtifactTexts, sealArtifact } from './artifact-row.ts'

export interface RegisterInput {
  /** `summary`, `reflection`, `fact`, `skill`, … : a word of yours in the clear, `[a-z][a-z0-9_-]{0,31}`. `fine-tune` and `export` are beyond reach. */
  readonly kind: string
  /** What it says; of a `fine-tune` or an `export`, where it is and what it is called. */
  readonly content: string
  /** Ids of memories and artifacts in the scope's sight that it was made from; at least one. */
  readonly derivedFrom: readonly string[]
  /** For every subject of the tenant. Needs the right `common`. Default false; for a common scope it always is. */
  readonly shared?: boolean
  /** Raised to the highest of its sources'. Default `private`. */
  readonly sensitivity?: Sensitivity
  readonly metadata?: { readonly [key: string]: Json }
}

export interface RegisteredArtifact {
  readonly id: string
  /** The lowest of its sources', of the most that an author is trusted whom the scope may claim to be, and of what the scope was shown. */
  readonly trust: Trust
  readonly sensitivity: Sensitivity
  readonly shared: boolean
}

interface Draft extends ArtifactTexts {
  readonly kind: string
  readonly place: number
  readonly derivedFrom: readonly string[]
  readonly shared: boolean
}

interface Labels {
  readonly sensitivity: Sensitivity
  readonly trust: Trust
}

interface RegisterRow {
  readonly outcome: string
  readonly sensitivity: number | null
  readonly trust: number | null
}

/**
 * Registers an artifact. Its labels are those of its sources, capped by who registers it, which the doorway tells when they are not what was sealed. Its content is
 * screened as an agent's memory is, and what would be held is `ERR_CONTENT_REFUSED`.
 */
export async function register(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<RegisteredArtifact> {
  const input = checkKeys<RegisterInput>(given, 'an artifact', inputKeys)
  const draft = checkDraft(kernel, scope, input)
  const id = kernel.seams.ids.uuid(kernel.seams.clock.now())
  return withAccess(kernel, scope, async (access) => {
    if (mayWrite(access, draft.shared)) {
      await screenMade(kernel, access, draft.content, { metadata: draft.metadata })
    }
    const labels: Labels = { sensitivity: input.sensitivity ?? 'private', trust: 'agent' }
    const { row, stated } = await withKey(kernel, access, draft.shared, async (own) => {
      const answer = await untilItsLabels(labels, (each) => store(kernel, access, id, draft, each, own))
      return { stored: answer.row.outcome === 'ok', answer }
    })
    const outcome = expectOutcome(row.outcome, 'ok', 'missing', 'conflict')
    if (outcome === 'ok') return { id, ...stated, shared: draft.shared }
    if (outcome === 'missing') {
      throw new MemkeepError('ERR_INPUT_INVALID', 'derivedFrom names what this scope does not have')
    }
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the sources are being changed', { retryable: true })
  })
}

/** Again under the labels that the doorway tells, when they were others; the last answer. */
async function untilItsLabels(stated: Labels, put: (labels: Labels) => Promise<RegisterRow>) {
  for (let attempt = 1; ; attempt++) {
    const row = await put(stated)
    if (row.outcome !== 'conflict' || attempt === 5) return { row, stated }
    stated = { sensitivity: sensitivities[row.sensitivity!]!, trust: trusts[row.trust!]! }
  }
}

const inputKeys = ['kind', 'content', 'derivedFrom', 'shared', 'sensitivity', 'metadata']

function checkDraft(kernel: Kernel, scope: ScopeClaims, input: Partial<RegisterInput>): Draft {
  const { limits } = kernel
  const kind = checkKind(input.kind)
  const derivedFrom = checkSources(input.derivedFrom, kernel.limits.batch)
  if (derivedFrom.length === 0)
    throw new MemkeepError('ERR_INPUT_INVALID', 'derivedFrom must name what it was made from')
  const common = scope.reach === 'common'
  const { shared = common } = input
  if (typeof shared !== 'boolean' || (common && !shared)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'shared must be true or false, and true for a common scope')
  }
  if (input.sensitivity !== undefined) checkOneOf(input.sensitivity, 'sensitivity', sensitivities)
  return {
    kind,
    derivedFrom,
    shared,
    place: unreachableKinds.includes(kind) ? places.beyond : places.here,
    content: checkText(input.content, 'content', limits.contentBytes),
    metadata: input.metadata === undefined ? {} : checkMetadata(input.metadata, limits),
  }
}

async function store(
  kernel: Kernel,
  access: Access,
  id: string,
  draft: Draft,
  labels: Labels,
  { seal, key }: SealingKey,
): Promise<RegisterRow> {
  const { keys, claims } = access
  const shelf = draft.shared ? keys.commonTag : access.shelf
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const { kind, place, derivedFrom } = draft
  const sealed: ArtifactLabels = {
    id,
    version: 1,
    kind,
    place,
    ...labels,
    createdMs: atMs,
    expiresMs: null,
    derivedFrom,
  }
  const { content, details } = key === null ? nothing : sealArtifact(key, sealed, shelf, draft)
  // Of a subject's shelf its own key's epoch counts; a shared one is sealed under a key of its own.
  const own = draft.shared && access.scope.reach === 'subject' ? await keys.forReading(access.shelf) : key
  const stated = { ...claims, shelfEpoch: own?.epoch ?? 0 }
  const rows = await kernel.doorways.call<RegisterRow>({
    doorway: 'register',
    claims: stated,
    event,
    atMs,
    args: [
      shelf,
      await sealedSubjectName(access),
      id,
      kind,
      place,
      sensitivities.indexOf(labels.sensitivity),
      trusts.indexOf(labels.trust),
      null,
      uuidArray(derivedFrom),
      seal,
      key?.epoch ?? 0,
      content,
      details,
      draft.shared || key === null ? await readDetail(access, event) : writeDetail(access, key, event),
      readersOf(access, []),
    ],
  })
  const row = rows === 'committed' ? await settled(kernel, stated, event) : rows[0]!
  if (row.outcome === 'epoch') keys.forget(access.shelf)
  return row
}

/** The answer was lost. What the labels should have been is not in the ledger: that call is to be repeated. */
async function settled(kernel: Kernel, claims: Claims, event: string): Promise<RegisterRow> {
  const { outcome } = await settle(kernel, claims, event)
  if (outcome !== 'conflict') return { outcome, sensitivity: null, trust: null }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the answer was lost', { retryable: true })
}

const nothing = { content: Buffer.alloc(0), details: Buffer.alloc(0) }

interface SealingKey {
  /** Null: it has none of its own. */
  readonly seal: Buffer | null
  readonly key: DataKey | null
}

/** No key is made on the word of a caller who may not write: the doorway refuses and records it without one. */
async function withKey<T>(
  { seams }: Kernel,
  access: Access,
  shared: boolean,
  put: (own: SealingKey) => Promise<{ readonly stored: boolean; readonly answer: T }>,
): Promise<T> {
  const may = mayWrite(access, shared)
  if (may && shared) return underOwnKey(access.keys, seams, put)
  return (await put({ seal: null, key: may ? await access.keys.forWriting(access.shelf) : null })).answer
}

function mayWrite(access: Access, shared: boolean): boolean {
  return hasRight(access, rightBits.write | (shared ? rightBits.common : 0))
}
