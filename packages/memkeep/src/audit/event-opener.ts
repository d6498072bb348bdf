import { randomBytes } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'
import { commitment, type OpenPart } from '../proof/commitment.ts'
import { hmacSha256 } from '../proof/hmac-sha256.ts'
import { detailContext, readFrame } from './detail.ts'
import { committedDetails, type EventRow, isLeafOf } from './logged-event.ts'
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
  /** Nobody who had the key sealed the details. */
  readonly forged: boolean
  /** What was sealed, where it opens. */
  readonly detail: string | null
}

/** What was sealed with an event. */
export interface OpenedDetail {
  /** JSON; null when its key is gone, or when it does not open. */
  readonly detail: string | null
  /** It does not open under a key that is there, or names one that never was. */
  readonly forged: boolean
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

  async detail(row: EventRow): Promise<OpenedDetail> {
    const { under, epoch, version, sealed } = readFrame(row.detail)
    const place = { under, key_epoch: epoch, key_version: version }
    const key = await this.#key(place, row.subject)
    if (key === null) return { detail: null, forged: !(await this.#mayBeGone(place, row.subject)) }
    const detail = await orNull(async () => key.open('audit', sealed, detailContext(row.id)).toString('utf8'))
    return { detail, forged: detail === null }
  }

  /**
   * Commits to the details as they stand. Under the subject's key when the event reaches one that has a key: the commitment's
   * meaning goes with the subject. Under a random key that nobody keeps when the right one is gone.
   */
  async commit(row: EventRow): Promise<Commitment> {
    const [key, { detail, forged }] = [await this.#committingKey(row), await this.detail(row)]
    if (key === null)
      return { commit: randomBytes(32), under: null, key_epoch: null, key_version: null, forged, detail }
    const details = committedDetails(row, detail)
    return { ...key.place, commit: hmacSha256(nodeSha256, key.key.eventKey(row.id), details), forged, detail }
  }

  /** What shows the details of a logged event; null when nobody can any more. They may still not be those of the leaf. */
  async open(row: EventRow, place: Under): Promise<OpenPart | null> {
    const key = await this.#key(place, row.subject)
    if (key === null) return null
    const { detail } = await this.detail(row)
    return { key: key.eventKey(row.id), details: committedDetails(row, detail) }
  }

  /**
   * Whether a logged event is what its leaf commits to, and was written by who had the keys. Null when nobody can tell, as a key is
   * gone. Whoever owns the database can make it null for what was sealed or committed to under a key that is gone, and no other.
   */
  async isIntact(row: EventRow, entry: Uint8Array, place: Under): Promise<boolean | null> {
    const { detail, forged } = await this.detail(row)
    if (forged) return false
    const part = await this.open(row, place)
    if (!isLeafOf(row, entry, part === null ? null : commitment(nodeSha256, [part]), detail)) return false
    if (part !== null) return detail === null ? null : true
    return (await this.#mayBeShut(row, place, detail)) ? null : false
  }

  /** Whether a commitment that does not open may be one that was made under this key. */
  async #mayBeShut(row: EventRow, place: Under, detail: string | null): Promise<boolean> {
    // It is under no key when there was none. What opens now opened then, and its tenant had one.
    if (place.under === null) return detail === null
    const { under, epoch, version } = readFrame(row.detail)
    if (under === unders.deployment || row.reach !== 1 || row.subject === null) {
      if (place.under !== (under === unders.deployment ? under : unders.tenant)) return false
    } else if (under === unders.subject) {
      if (place.under !== under || place.key_epoch !== epoch || place.key_version !== version) return false
    }
    return this.#mayBeGone(place, row.subject)
  }

  /** Whether a key that is not there may have been: none is beyond the newest, and what is older than the newest may be gone. */
  async #mayBeGone({ under, key_epoch, key_version }: Under, subject: Buffer | null): Promise<boolean> {
    if (under === null || !isUnder(under) || !key_epoch || !key_version) return false
    const newest = await (under === unders.subject ? this.#newest(subject ?? commonTag) : this.#ownOf(under))
    if (newest === null) return true
    return key_epoch < newest.epoch || (key_epoch === newest.epoch && key_version < newest.version)
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
      const known = await this.#newest(subject)
      if (known !== null) return this.#placed(unders.subject, Promise.resolve(known))
    }
    return this.#placed(unders.tenant, this.#own(this.#keys, 'tenant'))
  }

  async #placed(under: number, found: Promise<DetailKey | null>): Promise<{ key: DetailKey; place: Under } | null> {
    const key = await found
    return key === null ? null : { key, place: { under, key_epoch: key.epoch, key_version: key.version } }
  }

  async #key({ under, key_epoch, key_version }: Under, subject: Buffer | null): Promise<DetailKey | null> {
    if (under === null || !isUnder(under)) return null
    if (under === unders.subject) {
      const shelf = subject ?? commonTag
      const name = `subject/${shelf.toString('hex')}/${key_epoch}/${key_version}`
      return this.#once(name, async () => this.#keys!.forOpening(shelf, key_epoch!, key_version!))
    }
    const key = await this.#ownOf(under)
    return key?.epoch === key_epoch && key.version === key_version ? key : null
  }

  #newest(subject: Buffer): Promise<DetailKey | null> {
    return this.#once(`newest/${subject.toString('hex')}`, async () => this.#keys!.forReading(subject))
  }

  #ownOf(under: number): Promise<DetailKey | null> {
    return under === unders.tenant ? this.#own(this.#keys, 'tenant') : this.#own(this.#deployment, 'deployment')
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

function isUnder(under: number): boolean {
  return under === unders.tenant || under === unders.subject || under === unders.deployment
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
