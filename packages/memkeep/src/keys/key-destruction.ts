import type { HeldKeys } from './held-keys.ts'
import { epochOf, erasedName, newestVersion } from './newest-version.ts'
import type { WrappedKeys } from './wrapped-keys.ts'

/** Whose keys: a subject's, or (null) a tenant's with all its subjects'. By tags, as the tenant's own keys may be gone already. */
export interface KeyOwner {
  readonly tenant: Buffer
  readonly subject: Buffer | null
}

/** Puts an end to keys: of a subject, of a tenant. Everything here may be done again, and after a crash is. */
export class KeyDestruction {
  readonly #wrapped: WrappedKeys
  readonly #held: HeldKeys

  constructor(wrapped: WrappedKeys, held: HeldKeys) {
    this.#wrapped = wrapped
    this.#held = held
  }

  /** Names of the key records of an owner, up to an epoch. None of a tenant that was reopened: its earlier ones went before. */
  async handles(owner: KeyOwner, epoch: number): Promise<string[]> {
    const [prefix, below] = prefixesOf(owner)
    const names = await this.#wrapped.list(prefix!)
    if (below === undefined) return names.filter((name) => (epochOf(prefix!, name) ?? epoch + 1) <= epoch)
    if ((newestVersion(prefix!, names)?.epoch ?? 0) > epoch) return []
    return [...names.filter((name) => !isMark(prefix!, name)), ...(await this.#wrapped.list(below))]
  }

  /**
   * Deletes the key records of an owner up to an epoch. The record that says so is put first, so that no process makes such
   * a key anew, not even one that had begun to. Returns how many were deleted.
   */
  async deleteRecords(owner: KeyOwner, epoch: number): Promise<number> {
    const [prefix] = prefixesOf(owner)
    await this.#wrapped.mark(erasedName(prefix!, epoch))
    const names = await this.handles(owner, epoch)
    for (const name of names) await this.#wrapped.remove(name)
    for (const each of prefixesOf(owner)) this.#held.drop(each)
    return names.length
  }

  /** True when no record stands under that name. */
  async isGone(name: string): Promise<boolean> {
    const slash = name.lastIndexOf('/') + 1
    return !(await this.#wrapped.list(name.slice(0, slash))).includes(name)
  }
}

/** The first is the one that is marked. */
function prefixesOf({ tenant, subject }: KeyOwner): string[] {
  const tag = tenant.toString('hex')
  return subject === null ? [`tenant/${tag}/`, `subject/${tag}/`] : [`subject/${tag}/${subject.toString('hex')}/`]
}

function isMark(prefix: string, name: string): boolean {
  return name.startsWith(`${prefix}erased/`)
}
