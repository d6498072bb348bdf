import { MemkeepError } from '../core/errors.ts'
import type { KillPoint } from '../core/seams.ts'
import type { HeldKeys } from './held-keys.ts'
import type { KeyRolls, Newest } from './key-rolls.ts'
import { epochOf, erasedName, isMark, newestVersion, passedPrefix, versionsOf } from './newest-version.ts'
import type { WrappedKeys } from './wrapped-keys.ts'

/** Whose keys: a subject's, or (null) a tenant's with all its subjects'. By tags, as the tenant's own keys may be gone already. */
export interface KeyOwner {
  readonly tenant: Buffer
  readonly subject: Buffer | null
}

/** What was destroyed of an owner's keys. */
export interface Destroyed {
  /** Ids of root keys that were destroyed on the way; empty when the root cannot be renewed. */
  readonly roots: readonly string[]
  /** When no copy of the deleted records opens any more; null when that is not in this root's power. */
  readonly at: Date | null
}

/** Puts an end to keys: of a subject, of a tenant. Everything here may be done again, and after a crash is. */
export class KeyDestruction {
  readonly #wrapped: WrappedKeys
  readonly #held: HeldKeys
  readonly #rolls: KeyRolls
  readonly #reach: (point: KillPoint) => void

  constructor(wrapped: WrappedKeys, held: HeldKeys, rolls: KeyRolls, reach: (point: KillPoint) => void) {
    this.#wrapped = wrapped
    this.#held = held
    this.#rolls = rolls
    this.#reach = reach
  }

  /** Names of the key records of an owner, up to an epoch. None of a tenant that was reopened: its earlier ones went before. */
  async handles(owner: KeyOwner, epoch: number): Promise<string[]> {
    return (await this.#records(owner, epoch)).filter((name) => !isMark(name))
  }

  /** With what says of a tenant's subjects and versions that they were erased. */
  async #records(owner: KeyOwner, epoch: number): Promise<string[]> {
    const [prefix, ...below] = prefixesOf(owner)
    const names = await this.#wrapped.list(prefix!)
    if (below.length === 0) return names.filter((name) => (epochOf(prefix!, name) ?? epoch + 1) <= epoch)
    if ((newestVersion(prefix!, names)?.epoch ?? 0) > epoch) return []
    const others: string[] = []
    for (const each of below) others.push(...(await this.#wrapped.list(each)))
    return [...names.filter((name) => !isMark(name)), ...others]
  }

  /** The epoch of an owner's newest key; 0 when it has none. */
  async newestEpoch(owner: KeyOwner): Promise<number> {
    const [prefix] = prefixesOf(owner)
    return newestVersion(prefix!, await this.#wrapped.list(prefix!))?.epoch ?? 0
  }

  /**
   * Deletes the key records of an owner up to an epoch. The record that says so is put first, so that no process makes such
   * a key anew, not even one that had begun to. Returns how many records were deleted.
   */
  async deleteRecords(owner: KeyOwner, epoch: number): Promise<number> {
    const mark = erasedName(prefixesOf(owner)[0]!, epoch)
    await this.#wrapped.mark(mark, null)
    const names = await this.#records(owner, epoch)
    const keys = names.filter((name) => !isMark(name)).length
    // Before any goes: one that is broken off finds fewer when it goes on.
    const records = Math.max(keys, await this.deletedRecords(owner, epoch))
    if (keys > 0) await this.#wrapped.mark(mark, { ...(await this.#wrapped.markOf(mark)), records })
    for (const name of names) await this.#wrapped.remove(name)
    for (const each of prefixesOf(owner)) this.#held.drop(each)
    this.#reach('keys.records-deleted')
    // What wrapped them last, as it stands after they went: copies stand under that, or under an earlier one.
    const known = await this.#wrapped.markOf(mark)
    if (known?.generation === undefined || names.length > 0) {
      await this.#wrapped.mark(mark, { ...(await this.#rolls.newest(owner.tenant)), records })
    }
    return names.length
  }

  /** How many keys of an owner were there, up to an epoch, when their deletion began; 0 before that. */
  async deletedRecords(owner: KeyOwner, epoch: number): Promise<number> {
    return (await this.#wrapped.markOf(erasedName(prefixesOf(owner)[0]!, epoch)))?.records ?? 0
  }

  /**
   * Destroys whatever could still open a copy of the deleted records: replaces the key that wraps the tenant's subject keys,
   * then the generation, wraps the survivors under the new ones, and destroys the old generation's root key. One pass serves every
   * erasure whose records had been deleted when it began.
   */
  async destroyWrappers(owner: KeyOwner, epoch: number): Promise<Destroyed> {
    const { generation } = await this.replaceWraps(owner, epoch)
    return this.#rolls.replaceGenerations(generation)
  }

  /**
   * The first half of that: once the generation is replaced that stands now, for whatever erasure, no copy of the deleted records opens. Answers what stood when
   * they had been deleted.
   */
  async replaceWraps(owner: KeyOwner, epoch: number): Promise<Newest> {
    const stood = await this.#wrapped.markOf(erasedName(prefixesOf(owner)[0]!, epoch))
    if (stood?.generation === undefined)
      throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the records are not deleted yet')
    const { generation, wrap = 0 } = stood
    if (owner.subject !== null) await this.#rolls.replaceWraps(owner.tenant, wrap)
    return { generation, wrap }
  }

  /**
   * Removes the record that an owner's epoch was erased, when nothing from before can come back any more. What has that id then begins anew, in
   * a later epoch than any that was forgotten: what is known of those by epoch and version (events in the ledger) is never under a key of its.
   * An epoch that the key store does not know as erased is none to forget: no first key begins behind one that somebody made up.
   */
  async forget(owner: KeyOwner, epoch: number): Promise<void> {
    const [prefix] = prefixesOf(owner)
    const mark = erasedName(prefix!, epoch)
    if (!(await this.#wrapped.list(prefix!)).includes(mark)) return
    await this.#wrapped.mark(`${passedPrefix}${epoch}`, null)
    await this.#wrapped.remove(mark)
    this.#held.drop(prefix!)
  }

  /** True when the key store answers `ERR_KEY_DESTROYED` for that name. */
  async isGone(name: string): Promise<boolean> {
    try {
      const secret = await this.#wrapped.open(name)
      secret.destroy()
      return false
    } catch (error) {
      if (error instanceof MemkeepError && error.code === 'ERR_KEY_DESTROYED') return true
      throw error
    }
  }

  /** True when the root answers `ERR_KEY_DESTROYED` for that one of its keys. */
  async isRootGone(id: string): Promise<boolean> {
    try {
      await this.#wrapped.root.unwrap(Buffer.alloc(60), Buffer.alloc(0), id)
      return false
    } catch (error) {
      return error instanceof MemkeepError && error.code === 'ERR_KEY_DESTROYED'
    }
  }
}

/** The first is the one that is marked. */
function prefixesOf({ tenant, subject }: KeyOwner): string[] {
  const tag = tenant.toString('hex')
  return subject === null
    ? [`tenant/${tag}/`, `subject/${tag}/`, versionsOf(tenant)]
    : [`subject/${tag}/${subject.toString('hex')}/`]
}
