import { type ArtifactState, artifactStates } from '../artifacts/artifact.ts'
import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { isUuid } from '../core/ids.ts'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../core/labels.ts'
import { checkId, checkText } from '../core/text.ts'
import { sealLibraryEntry } from '../keys/library-key.ts'
import { underOwnKey, type VersionKey } from '../keys/own-key.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { byteaArray, uuidArray } from '../store/wire-arrays.ts'
import { callOf, outcomeOf, type PrivilegedKernel } from './privileged-kernel.ts'

/** The most that an entry says, in bytes. */
export const libraryBytes = 32 * 1024

/** A memory that an entry was learnt from. */
export interface Contributor {
  readonly tenant: string
  /** Null: a common memory of the tenant. Always said. */
  readonly subject: string | null
  readonly memory: string
}

export interface PublishInput {
  /** `fact`, `skill`, …: `[a-z][a-z0-9_-]{0,31}`, in the clear. */
  readonly kind: string
  /** At most 32 KiB. Every tenant can read it: it must say nothing of anybody. */
  readonly content: string
  /** Every memory that it was learnt from, at least one and at most 1,000. */
  readonly contributors: readonly Contributor[]
  /** Raised to the highest of its contributors'. Default `public`. */
  readonly sensitivity?: Sensitivity
}

/** An entry as an operator sees it: how it stands, not what it says. */
export interface LibraryEntryView {
  readonly id: string
  readonly kind: string
  readonly state: ArtifactState
  readonly sensitivity: Sensitivity
  readonly trust: Trust
  /** Named memories that are still there. */
  readonly contributors: number
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Tries to rebuild it since it was hidden, and why the last one failed (an error's code). */
  readonly attempts: number
  readonly failure: string | null
}

interface PublishRow {
  readonly outcome: string
  readonly sensitivity: number | null
  readonly trust: number | null
}

interface EntryRow {
  readonly outcome: string | null
  readonly id: string
  readonly kind: string
  readonly state: number
  readonly sensitivity: number
  readonly trust: number
  readonly contributors: number
  readonly created_ms: number
  readonly updated_ms: number
  readonly attempts: number
  readonly failure: string | null
}

/**
 * The library of the deployment: what every tenant may read, learnt from several tenants' memories. The one place where tenants mix, so each call needs a
 * grant with the right `library`, states its reason in the deployment's ledger, and notes every contributor.
 */
export class Library {
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.#kernel = kernel
    this.#grant = grant
    this.#claims()
  }

  /** Publishes an entry, trusted as the least of its contributors. When one goes, it is hidden in that very commit. */
  async publish(input: PublishInput): Promise<{ id: string; trust: Trust; sensitivity: Sensitivity }> {
    const grant = this.#claims()
    const { kind, content, contributors, sensitivity = 'public' } = checkPublish(input)
    const keys = await this.#kernel.keyring.deployment()
    const places = grant.rights.includes('library') ? await this.#placesOf(contributors) : []
    const id = this.#kernel.seams.ids.uuid(this.#kernel.seams.clock.now())
    let labels: { sensitivity: Sensitivity; trust: Trust } = { sensitivity, trust: 'agent' }
    const untilItsLabels = async (own: VersionKey | null) => {
      for (let attempt = 1; ; attempt++) {
        const row = await this.#publish(grant, keys, places, { id, version: 1, kind, ...labels }, content, own)
        if (row.outcome !== 'conflict' || attempt === 5) return { stored: row.outcome === 'ok', answer: row.outcome }
        labels = { sensitivity: sensitivities[row.sensitivity!]!, trust: trusts[row.trust!]! }
      }
    }
    // No key is made on the word of a caller who may not publish.
    const outcome =
      places.length === 0
        ? (await untilItsLabels(null)).answer
        : await underOwnKey(keys, this.#kernel.seams, untilItsLabels)
    if (outcome === 'ok') return { id, ...labels }
    if (outcome !== 'conflict') throw refusal(outcome)
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the contributors are being changed', { retryable: true })
  }

  /** Every entry, oldest first, hidden ones and dead letters too. */
  async list(): Promise<LibraryEntryView[]> {
    const rows = await this.#list([])
    return rows
      .filter((row) => row.outcome === null)
      .map((row) => ({
        id: row.id,
        kind: row.kind,
        state: artifactStates[row.state]!,
        sensitivity: sensitivities[row.sensitivity]!,
        trust: trusts[row.trust]!,
        contributors: row.contributors,
        createdAt: new Date(row.created_ms),
        updatedAt: new Date(row.updated_ms),
        attempts: row.attempts,
        failure: row.failure,
      }))
  }

  /** Queues a hidden entry to be rebuilt anew, also a dead letter. False when there is none that is hidden. */
  async retry(id: string): Promise<boolean> {
    if (!isUuid(id)) throw new MemkeepError('ERR_INPUT_INVALID', 'id must be that of an entry')
    const act = { grant: this.#claims(), keys: await this.#kernel.keyring.deployment() }
    const outcome = await outcomeOf(this.#kernel, { ...act, doorway: 'retry_entry', args: [id] })
    if (outcome === 'ok' || outcome === 'missing') return outcome === 'ok'
    throw refusal(outcome)
  }

  /** Takes an entry out. False when there was none. */
  async withdraw(id: string): Promise<boolean> {
    if (!isUuid(id)) throw new MemkeepError('ERR_INPUT_INVALID', 'id must be that of an entry')
    const rows = await this.#list([id])
    return rows.find((row) => row.outcome === 'ok')!.contributors > 0
  }

  async #list(withdrawn: readonly string[]): Promise<EntryRow[]> {
    const grant = this.#claims()
    const keys = await this.#kernel.keyring.deployment()
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'list_library', args: [uuidArray(withdrawn)] })
    const rows = await this.#kernel.doorways.read<EntryRow>(call)
    const outcome = rows.find((row) => row.outcome !== null)?.outcome
    if (outcome !== 'ok') throw refusal(outcome)
    return rows
  }

  async #publish(
    grant: GrantClaims,
    keys: TenantKeys,
    places: readonly Place[],
    labels: Parameters<typeof sealLibraryEntry>[1],
    content: string,
    own: VersionKey | null,
  ): Promise<PublishRow> {
    const args = [
      labels.id,
      labels.kind,
      sensitivities.indexOf(labels.sensitivity),
      trusts.indexOf(labels.trust),
      byteaArray(places.map(({ tenant }) => tenant)),
      byteaArray(places.map(({ subject }) => subject)),
      uuidArray(places.map(({ memory }) => memory)),
      own?.seal ?? Buffer.alloc(0),
      own?.key.epoch ?? 0,
      own === null ? Buffer.alloc(0) : sealLibraryEntry(own.key, labels, content),
    ]
    const [row] = await this.#kernel.doorways.read<PublishRow>(
      await callOf(this.#kernel, { grant, keys, doorway: 'publish', args }),
    )
    return row!
  }

  async #placesOf(contributors: readonly Contributor[]): Promise<Place[]> {
    const places: Place[] = []
    for (const { tenant, subject, memory } of contributors) {
      const keys = await this.#kernel.keyring.tenant(tenant)
      places.push({ tenant: keys.tag, subject: subject === null ? keys.commonTag : keys.subjectTag(subject), memory })
    }
    return places
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

interface Place {
  readonly tenant: Buffer
  readonly subject: Buffer
  readonly memory: string
}

const inputKeys = ['kind', 'content', 'contributors', 'sensitivity']

function checkPublish(input: PublishInput): PublishInput {
  const given: unknown = input
  if (typeof given !== 'object' || given === null || Object.keys(given).some((key) => !inputKeys.includes(key))) {
    throw new MemkeepError('ERR_INPUT_INVALID', `an entry has only ${inputKeys.join(', ')}`)
  }
  const { kind, content, contributors, sensitivity } = input
  if (typeof kind !== 'string' || !/^[a-z][a-z0-9_-]{0,31}$/.test(kind)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'kind must match [a-z][a-z0-9_-]{0,31}')
  }
  if (sensitivity !== undefined && !sensitivities.includes(sensitivity)) {
    throw new MemkeepError('ERR_INPUT_INVALID', `sensitivity must be one of: ${sensitivities.join(', ')}`)
  }
  return {
    kind,
    content: checkText(content, 'content', libraryBytes),
    contributors: checkContributors(contributors),
    ...(sensitivity === undefined ? {} : { sensitivity }),
  }
}

/** Each once. */
function checkContributors(given: unknown): Contributor[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > 1000) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'contributors must name 1 to 1,000 memories')
  }
  const found = new Map<string, Contributor>()
  for (const { tenant, subject, memory } of given as Contributor[]) {
    checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    if (subject !== null) checkId(subject, 'subject', 'ERR_SCOPE_REQUIRED')
    if (!isUuid(memory)) throw new MemkeepError('ERR_INPUT_INVALID', 'a contributor names no memory')
    found.set(JSON.stringify([tenant, subject, memory]), { tenant, subject, memory })
  }
  return [...found.values()]
}

function refusal(outcome: string | null | undefined): MemkeepError {
  if (outcome === 'missing')
    return new MemkeepError('ERR_INPUT_INVALID', 'contributors name a memory that is not there')
  if (outcome === 'barred') return new MemkeepError('ERR_SCOPE_BARRED', 'a contributor was erased')
  if (outcome === 'quota') return new MemkeepError('ERR_QUOTA_EXCEEDED', 'the library has a thousand entries')
  return new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}
