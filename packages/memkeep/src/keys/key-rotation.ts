import { MemkeepError } from '../core/errors.ts'
import type { KeyRolls } from './key-rolls.ts'
import type { WrappedKeys } from './wrapped-keys.ts'

/** What a rotation of the root did. */
export interface RootRotation {
  /** Ids of the root keys that are destroyed, or will be at `at`. */
  readonly roots: readonly string[]
  readonly at: Date
}

/** Replaces keys by plan, without anything being erased. What was wrapped opens as before; every step may be done again. */
export class KeyRotation {
  readonly #wrapped: WrappedKeys
  readonly #rolls: KeyRolls

  constructor(wrapped: WrappedKeys, rolls: KeyRolls) {
    this.#wrapped = wrapped
    this.#rolls = rolls
  }

  /** Throws `ERR_INPUT_INVALID` for a root key that cannot renew itself: it is rotated where it is kept. */
  checkRenewable(): void {
    const { renew, destroy } = this.#wrapped.root
    if (renew !== undefined && destroy !== undefined) return
    throw new MemkeepError('ERR_INPUT_INVALID', 'this root key cannot be renewed from here: rotate it where it is kept')
  }

  /**
   * Another root key and another generation, under which the keys of all tenants stand when it answers; the earlier ones are destroyed.
   * Copies of the key store from before open nothing from then on. Throws as `checkRenewable`.
   */
  async rotateRoot(tenant: Buffer): Promise<RootRotation> {
    this.checkRenewable()
    // Makes the first one in an empty store.
    await this.#wrapped.generation()
    const { generation } = await this.#rolls.newest(tenant)
    const { roots, at } = await this.#rolls.replaceGenerations(generation)
    return { roots, at: at! }
  }

  /** Another key that wraps the keys of a tenant's subjects. */
  async rotateWrap(tenant: Buffer): Promise<void> {
    const { wrap } = await this.#rolls.newest(tenant)
    await this.#rolls.replaceWraps(tenant, wrap)
  }
}
