import type { Clock } from '../core/clock.ts'
import type { KillPoint } from '../core/seams.ts'
import type { HeldKeys } from './held-keys.ts'
import type { KeyRolls } from './key-rolls.ts'
import { epochOf, erasedName, isMark, versionsOf } from './newest-version.ts'
import type { WrappedKeys } from './wrapped-keys.ts'

/** For so long a record says that a version's key was deleted: longer than any process takes to wrap anew what it has read. */
const markedMs = 3_600_000

/**
 * Puts an end to keys of their own that versions have of what subjects share, and of entries of the library (then `tenant` is the deployment's tag). They stand
 * apart from all others: nothing that is given here names a subject or a tenant. Everything may be done again, and after a crash is.
 */
export class VersionKeys {
  readonly #wrapped: WrappedKeys
  readonly #held: HeldKeys
  readonly #rolls: KeyRolls
  readonly #clock: Clock
  readonly #reach: (point: KillPoint) => void

  constructor(wrapped: WrappedKeys, held: HeldKeys, rolls: KeyRolls, clock: Clock, reach: (point: KillPoint) => void) {
    this.#wrapped = wrapped
    this.#held = held
    this.#rolls = rolls
    this.#clock = clock
    this.#reach = reach
  }

  /** Ids (16 bytes) of the versions that have a key here. */
  async list(tenant: Buffer): Promise<Buffer[]> {
    const prefix = versionsOf(tenant)
    const keys = (await this.#wrapped.list(prefix)).filter((name) => !isMark(name))
    return [...new Set(keys.map((name) => idOf(prefix, name)))].map((id) => Buffer.from(id, 'hex'))
  }

  /**
   * Deletes the keys of these versions. The record that says so is put first: whoever wraps one anew meanwhile looks for it afterwards. Ids that no version
   * has are passed over.
   */
  async end(tenant: Buffer, ids: readonly Buffer[]): Promise<void> {
    const prefix = versionsOf(tenant)
    const ended = new Set(ids.map((id) => id.toString('hex')))
    if (ended.size === 0) return
    const names = (await this.#wrapped.list(prefix)).filter((name) => ended.has(idOf(prefix, name)))
    for (const name of names.filter((each) => !isMark(each))) {
      const own = `${prefix}${idOf(prefix, name)}/`
      const mark = erasedName(own, epochOf(own, name) ?? 1)
      await this.#wrapped.mark(mark, null)
      await this.#wrapped.remove(name)
      this.#held.drop(own)
      this.#reach('keys.records-deleted')
      await this.#complete(tenant, mark)
    }
    for (const mark of names.filter(isMark)) await this.#complete(tenant, mark)
  }

  /** Replaces what wrapped those that were deleted: with the generation that stands now no copy of them opens. */
  async replaceWraps(tenant: Buffer): Promise<void> {
    const wraps = (await this.#marks(tenant)).map(({ says }) => says.wrap ?? 0)
    if (wraps.length > 0) await this.#rolls.replaceWraps(tenant, Math.max(...wraps))
  }

  /** Removes the records of deletions that are long done. Of the deployment's, not before `replaceWraps`. */
  async forget(tenant: Buffer): Promise<void> {
    const before = this.#clock.now() - markedMs
    for (const { name, says } of await this.#marks(tenant)) {
      if (says.at !== undefined && says.at < before) await this.#wrapped.remove(name)
    }
  }

  /** Notes what wrapped it last, as it stands after it went, and when. */
  async #complete(tenant: Buffer, mark: string): Promise<void> {
    if ((await this.#wrapped.markOf(mark))?.at !== undefined) return
    await this.#wrapped.mark(mark, { ...(await this.#rolls.newest(tenant)), at: this.#clock.now() })
  }

  async #marks(tenant: Buffer): Promise<{ name: string; says: Readonly<Record<string, number>> }[]> {
    const marks = []
    for (const name of (await this.#wrapped.list(versionsOf(tenant))).filter(isMark)) {
      marks.push({ name, says: (await this.#wrapped.markOf(name)) ?? {} })
    }
    return marks
  }
}

const idOf = (prefix: string, name: string): string => name.slice(prefix.length).split('/')[0]!
