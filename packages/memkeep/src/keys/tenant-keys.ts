import { MemkeepError } from '../core/errors.ts'
import type { KillPoint } from '../core/seams.ts'
import { DataKey } from './data-key.ts'
import type { HeldKeys } from './held-keys.ts'
import { erasedEpoch, type KeyVersion, newestVersion, versionsOf } from './newest-version.ts'
import { Secret } from './secret.ts'
import { keyGone, type WrappedKeys } from './wrapped-keys.ts'

/** What a tenant's keys need; the keyring brings it. */
export interface TenantKeysInput {
  readonly tag: Buffer
  readonly tagKey: Secret
  /** The tenant's own key. */
  readonly newest: KeyVersion
  readonly wrapped: WrappedKeys
  readonly held: HeldKeys
  readonly reach: (point: KillPoint) => void
}

const tagBytes = 16
/** Tags kept at a time; each takes an HMAC to make. */
const tagsKept = 10_000
const commonTag = Buffer.alloc(tagBytes)

/**
 * The keys of one tenant, opened as they are asked for. An object lives for the keyring's hold time: ask the keyring in each
 * operation instead of keeping it. After its time, or once forgotten, its calls throw `ERR_KEY_UNAVAILABLE` (retryable).
 */
export class TenantKeys {
  /** 16 bytes; do not change them. */
  readonly tag: Buffer
  readonly epoch: number
  readonly #input: TenantKeysInput
  readonly #tags = new Map<string, Buffer>()

  constructor(input: TenantKeysInput) {
    this.#input = input
    this.tag = input.tag
    this.epoch = input.newest.epoch
  }

  /** 16 zero bytes: the shelf of what belongs to the tenant as a whole. */
  get commonTag(): Buffer {
    return commonTag
  }

  /** 16 bytes; the same for the same id for as long as the tenant's tag key lives, over all epochs. */
  subjectTag(subject: string): Buffer {
    return this.#tag('subject', subject)
  }

  principalTag(principal: string): Buffer {
    return this.#tag('principal', principal)
  }

  sessionTag(session: string): Buffer {
    return this.#tag('session', session)
  }

  /** 16 bytes of any other value; never equal to another purpose's, nor to a subject's, principal's or session's tag. */
  keyedTag(purpose: string, value: string | Uint8Array): Buffer {
    return this.#input.tagKey.tag('keyed', purpose, value)
  }

  /** The key of the tenant itself: for its name, its policy, its subjects' names. */
  own(): Promise<DataKey> {
    const { tag, newest, held, wrapped } = this.#input
    const { epoch, version } = newest
    return held.get(`tenant/${tag.toString('hex')}/own/${epoch}/${version}`, async () => {
      const secret = new Secret((await wrapped.held(newest.name)).derive('own'))
      return new DataKey(secret, { tenantTag: tag, subjectTag: null, epoch, version })
    })
  }

  /**
   * The subject's newest key. Its first one is made in the tenant's epoch, or a later one (`KeyDestruction.forget`); when two processes race, both get the winner's.
   * Never ask for a subject that is only read. Throws `ERR_KEY_DESTROYED` for one that was erased and not reopened.
   */
  async forWriting(subjectTag: Buffer): Promise<DataKey> {
    const prefix = this.#prefix(subjectTag)
    const newest = await this.#input.held.get(prefix, async () => ({
      ...(await this.#newestOrFirst(prefix)),
      destroy() {},
    }))
    const key = await this.forOpening(subjectTag, newest.epoch, newest.version)
    if (newest.made) key.markMade()
    newest.made = false
    return key
  }

  /** The subject's newest key, or null when it has none: then it has no memories either. Makes nothing. */
  async forReading(subjectTag: Buffer): Promise<DataKey | null> {
    const prefix = this.#prefix(subjectTag)
    const names = await this.#input.wrapped.list(prefix)
    const newest = newestVersion(prefix, names)
    return newest === null || newest.epoch <= erasedEpoch(prefix, names)
      ? null
      : this.forOpening(subjectTag, newest.epoch, newest.version)
  }

  /** The epoch of the subject's newest key, or of the first one that it would get. Makes nothing. */
  async epochOf(subjectTag: Buffer): Promise<number> {
    const prefix = this.#prefix(subjectTag)
    return newestVersion(prefix, await this.#input.wrapped.list(prefix))?.epoch ?? this.#firstEpoch()
  }

  /**
   * Makes the subject's next key: what is written from now on is sealed under it, in other processes once they look again (at
   * the latest when their hold time is over). Earlier ones still open. False when it has none, or was erased.
   */
  async renewSubject(subjectTag: Buffer): Promise<boolean> {
    const { held, reach, wrapped } = this.#input
    const prefix = this.#prefix(subjectTag)
    const names = await wrapped.list(prefix)
    const newest = newestVersion(prefix, names)
    if (newest === null || newest.epoch <= erasedEpoch(prefix, names)) return false
    const name = `${prefix}${newest.epoch}/${newest.version + 1}`
    await wrapped.make(name)
    // As for a first key: whoever erases may have looked before it stood there.
    if (erasedEpoch(prefix, await wrapped.list(prefix)) >= newest.epoch) {
      await wrapped.remove(name)
      return false
    }
    held.refresh(prefix)
    reach('keys.subject-renewed')
    return true
  }

  /** Makes the first key of an erased subject's next epoch, unless it is there. False, and none is left, when that epoch was erased too. */
  async reopenSubject(subjectTag: Buffer, epoch: number): Promise<boolean> {
    const { wrapped } = this.#input
    const prefix = this.#prefix(subjectTag)
    const name = `${prefix}${epoch}/1`
    await wrapped.make(name)
    // As for a first key: whoever erases may have looked before it stood there.
    const stands = erasedEpoch(prefix, await wrapped.list(prefix)) < epoch
    if (!stands) await wrapped.remove(name)
    this.forget(subjectTag)
    return stands
  }

  /** Throws `ERR_KEY_DESTROYED` when its record is gone, `ERR_KEY_UNAVAILABLE` when store or root cannot be reached. */
  async forOpening(subjectTag: Buffer, epoch: number, version: number): Promise<DataKey> {
    return this.#open(this.#prefix(subjectTag), subjectTag, epoch, version)
  }

  /** Makes the key of its own of one version of what is shared. `id`: 16 bytes that were never used before. */
  async makeVersion(id: Buffer): Promise<DataKey> {
    const epoch = await this.#firstEpoch()
    await this.#input.wrapped.make(`${this.#versionPrefix(id)}${epoch}/1`)
    return this.versionKey(id, epoch, 1)
  }

  /** As `forOpening`, of a version's own key. */
  versionKey(id: Buffer, epoch: number, version: number): Promise<DataKey> {
    return this.#open(this.#versionPrefix(id), id, epoch, version)
  }

  /** Of a version that was not stored: nothing was ever sealed under its key that anybody has. */
  async dropVersion(id: Buffer): Promise<void> {
    const { wrapped, held } = this.#input
    const prefix = this.#versionPrefix(id)
    for (const name of await wrapped.list(prefix)) await wrapped.remove(name)
    held.drop(prefix)
  }

  /** Drops the subject's opened keys, in use or not: after an erasure, and when a doorway refused the epoch. */
  forget(subjectTag: Buffer): void {
    this.#input.held.drop(this.#prefix(subjectTag))
  }

  destroy(): void {
    this.#input.tagKey.destroy()
    this.#tags.clear()
  }

  #tag(purpose: 'subject' | 'principal' | 'session', id: string): Buffer {
    const name = `${purpose}/${id}`
    const known = this.#tags.get(name)
    if (known !== undefined) return known
    const tag = this.#input.tagKey.tag(purpose, id)
    if (this.#tags.size === tagsKept) this.#tags.clear()
    this.#tags.set(name, tag)
    return tag
  }

  async #newestOrFirst(prefix: string): Promise<{ epoch: number; version: number; made: boolean }> {
    const { reach, wrapped } = this.#input
    const names = await wrapped.list(prefix)
    const found = newestVersion(prefix, names)
    const erased = erasedEpoch(prefix, names)
    if (erased > 0 && (found === null || found.epoch <= erased)) throw keyGone()
    if (found !== null) {
      // Before anything is sealed under it, it stands where no replacement of what wraps it can pass it over.
      await wrapped.rewrap(found.name)
      return { ...found, made: false }
    }
    const epoch = await this.#firstEpoch()
    const name = `${prefix}${epoch}/1`
    const made = await wrapped.make(name)
    if (made) reach('keys.subject-created')
    // Erased while it was being made: whoever erases may have looked before it stood there.
    if (erasedEpoch(prefix, await wrapped.list(prefix)) >= this.epoch) {
      await wrapped.remove(name)
      throw keyGone()
    }
    return { epoch, version: 1, made }
  }

  async #firstEpoch(): Promise<number> {
    return Math.max(this.epoch, await this.#input.wrapped.firstEpoch())
  }

  #open(prefix: string, whose: Buffer, epoch: number, version: number): Promise<DataKey> {
    const name = `${prefix}${epoch}/${version}`
    const { tag, held, wrapped } = this.#input
    return held.get(name, async () => {
      const place = { tenantTag: tag, subjectTag: Buffer.from(whose), epoch, version }
      return new DataKey(await wrapped.open(name), place)
    })
  }

  #versionPrefix(id: Buffer): string {
    if (id.length !== tagBytes) throw new MemkeepError('ERR_SEAL_BROKEN', 'the id of a version is 16 bytes')
    return `${versionsOf(this.tag)}${id.toString('hex')}/`
  }

  #prefix(subjectTag: Buffer): string {
    if (subjectTag.length !== tagBytes) throw new MemkeepError('ERR_INPUT_INVALID', 'a subject tag is 16 bytes')
    return `subject/${this.tag.toString('hex')}/${subjectTag.toString('hex')}/`
  }
}
