import { randomBytes } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'
import type { OpenPart } from '../proof/commitment.ts'
import { hmacSha256 } from '../proof/hmac-sha256.ts'
import { detailContext, readFrame } from './detail.ts'
import { committedDetails, type EventRow } from './logged-event.ts'
import { nodeSha256 } from './node-sha256.ts'

/** A key that opens details and commits to them. */
export interface DetailKey {
  readonly epoch: number
  readonly version: number
  open(purpose: 'audit', record: Uint8Array, context: readonly string[]): Buffer
  eventKey(event: string): Buffer
}

/** The keys of one tenant, or of the deployment. */
export interface DetailKeys {
  own(): Promise<DetailKey>
  forReading(subject: Buffer): Promise<DetailKey | null>
  forOpening(subject: Buffer, epoch: number, version: number): Promise<DetailKey>
}

/** The shelf of what belongs to the tenant as a whole: a write to it concerns no subject. */
const commonTag = Buffer.alloc(16)

/** Whose key a commitment is under. */
export const unders = Object.freeze({ tenant: 0, subject: 1, deployment: 2 })

/** Which key a commitment is under, as it stands beside the leaf; all null: nobody can open it. */
export interface Under {
  readonly under: number | null
  readonly key_epoch: number | null
  readonly key_version: number | null
}

/** What a leaf says of an event's details, and under which key. */
export interface Commitment extends Under {
  /** 32 bytes. */
  readonly commit: Uint8Array
}

/**
 * Opens the details of one tenant's events. `keys` is null for a tenant that has none any more. It keeps what it found: use it for
 * one piece of work.
 */
export class EventOpener {
  readonly #keys: DetailKeys | null
  readonly #deployment: DetailKeys
  readonly #found = new Map<string, Promise<DetailKey | null>>()

  constructor(keys: DetailKeys | null, deployment: DetailKeys) {
    this.#keys = keys
    this.#deployment = deployment
  }

  /** The JSON that was sealed with the event; null when its key is gone, or when it does not open. */
  async detail(row: EventRow): Promise<string | null> {
    const { under, epoch, version, sealed } = readFrame(row.detail)
    const key = await this.#key({ under, key_epoch: epoch, key_version: version }, row.subject)
    if (key === null) return null
    return orNull(async () => key.open('audit', sealed, detailContext(row.id)).toString('utf8'))
  }

  /**
   * Commits to the details as they stand. Under the subject's key when the event reaches one that has a key: the commitment's
   * meaning goes with the subject. Under a random key that nobody keeps when the right one is gone.
   */
  async commit(row: EventRow): Promise<Commitment> {
    const key = await this.#committingKey(row)
    if (key === null) return { commit: randomBytes(32), under: null, key_epoch: null, key_version: null }
    const details = committedDetails(row, await this.detail(row))
    return { ...key.place, commit: hmacSha256(nodeSha256, key.key.eventKey(row.id), details) }
  }

  /** What shows the details of a logged event; null when nobody can any more. They may still not be those of the leaf. */
  async open(row: EventRow, place: Under): Promise<OpenPart | null> {
    const key = await this.#key(place, row.subject)
    return key === null ? null : { key: key.eventKey(row.id), details: committedDetails(row, await this.detail(row)) }
  }

  async #committingKey(row: EventRow): Promise<{ key: DetailKey; place: Under } | null> {
    const { under, epoch, version } = readFrame(row.detail)
    if (under === unders.deployment) return this.#placed(under, this.#own(this.#deployment, 'deployment'))
    if (row.reach === 1 && row.subject !== null) {
      const { subject } = row
      if (under === unders.subject) {
        const place = { under, key_epoch: epoch, key_version: version }
        return this.#placed(under, this.#key(place, subject))
      }
      const known = await this.#once(`newest/${subject.toString('hex')}`, async () => this.#keys!.forReading(subject))
      if (known !== null) return this.#placed(unders.subject, Promise.resolve(known))
    }
    return this.#placed(unders.tenant, this.#own(this.#keys, 'tenant'))
  }

  async #placed(under: number, found: Promise<DetailKey | null>): Promise<{ key: DetailKey; place: Under } | null> {
    const key = await found
    return key === null ? null : { key, place: { under, key_epoch: key.epoch, key_version: key.version } }
  }

  async #key({ under, key_epoch, key_version }: Under, subject: Buffer | null): Promise<DetailKey | null> {
    if (under === null) return null
    if (under === unders.subject) {
      const shelf = subject ?? commonTag
      const name = `subject/${shelf.toString('hex')}/${key_epoch}/${key_version}`
      return this.#once(name, async () => this.#keys!.forOpening(shelf, key_epoch!, key_version!))
    }
    const key = await (under === unders.tenant
      ? this.#own(this.#keys, 'tenant')
      : this.#own(this.#deployment, 'deployment'))
    return key?.epoch === key_epoch && key.version === key_version ? key : null
  }

  #own(keys: DetailKeys | null, whose: string): Promise<DetailKey | null> {
    return this.#once(whose, async () => (keys === null ? null : keys.own()))
  }

  #once(name: string, find: () => Promise<DetailKey | null>): Promise<DetailKey | null> {
    const known = this.#found.get(name)
    if (known !== undefined) return known
    const found = this.#keys === null && !name.startsWith('deployment') ? Promise.resolve(null) : orNull(find)
    this.#found.set(name, found)
    return found
  }
}

/** Null for what is gone for good or was altered; anything else (a key store out of reach) is thrown. */
async function orNull<T>(find: () => Promise<T | null>): Promise<T | null> {
  try {
    return await find()
  } catch (error) {
    if (error instanceof MemkeepError && lost.has(error.code)) return null
    throw error
  }
}

const lost: ReadonlySet<string> = new Set(['ERR_KEY_DESTROYED', 'ERR_SEAL_BROKEN', 'ERR_TENANT_UNKNOWN'])
