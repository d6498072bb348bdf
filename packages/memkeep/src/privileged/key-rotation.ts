import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { checkId } from '../core/text.ts'
import { type Act, callOf, type PrivilegedKernel, placeOf } from './privileged-kernel.ts'

export interface RotatedRoot {
  /** Ids of the root keys that are destroyed, or will be at `destroyedAt` (a KMS takes its time). */
  readonly roots: readonly string[]
  readonly destroyedAt: Date
}

export interface RotatedTenant {
  /** Subjects (and the common shelf) that have a new key. */
  readonly subjects: number
}

interface ShelfRow {
  readonly outcome: string | null
  readonly subject: Buffer
}

const shelvesAtOnce = 10_000

/**
 * New keys in the place of those that wrap and seal, by plan or because one may have got out. Recorded before anything is done. Broken off
 * anywhere, everything opens as before, and calling it again completes it. Needs the right `rotate`.
 */
export class KeyRotations {
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.#kernel = kernel
    this.#grant = grant
    this.#claims()
  }

  /**
   * The root key and the generation: the keys of all tenants are wrapped anew and the earlier root keys destroyed. **Copies of the key store
   * from before open nothing from then on**: back it up at once. Throws `ERR_INPUT_INVALID` for a root that is rotated where it is kept.
   */
  async rotateRoot(): Promise<RotatedRoot> {
    const grant = this.#claims()
    const { keyring } = this.#kernel
    const keys = await keyring.deployment()
    keyring.rotation.checkRenewable()
    await this.#record({ grant, keys })
    const { roots, at } = await keyring.rotation.rotateRoot(keys.tag)
    const now = this.#kernel.seams.clock.now()
    return { roots, destroyedAt: at.getTime() <= Date.now() ? new Date(now) : at }
  }

  /**
   * The keys of one tenant: the one that wraps its subjects' keys is replaced, and each subject gets a next key, which seals what is
   * written from now on (in other processes within their hold time). What stands stays under the earlier ones until
   * `keep.for(scope).reseal()`. The key of the tenant itself (for names, policies and tenant-wide events) stays.
   */
  async rotateTenant(tenant: string): Promise<RotatedTenant> {
    const grant = this.#claims()
    const { keyring } = this.#kernel
    const id = checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    const keys = await placeOf(this.#kernel, grant, 'rotate', id)
    let subjects = 0
    for (let after: Buffer = Buffer.alloc(0), wrapped = false; ; wrapped = true) {
      const shelves = await this.#record({ grant, keys, on: { reach: 'all' } }, after)
      if (!wrapped) await keyring.rotation.rotateWrap(keys.tag)
      for (const { subject } of shelves) {
        // The tenant's keys are asked for anew: they live for the hold time alone.
        if (await (await keyring.tenantByTag(keys.tag)).renewSubject(subject)) subjects++
      }
      if (shelves.length < shelvesAtOnce) return { subjects }
      after = shelves.at(-1)!.subject
    }
  }

  /** Tells the open shelves after the given one, when it is about a tenant. */
  async #record(act: Pick<Act, 'grant' | 'keys' | 'on'>, after: Buffer = Buffer.alloc(0)): Promise<ShelfRow[]> {
    const call = await callOf(this.#kernel, { ...act, doorway: 'rotating', args: [after, shelvesAtOnce] })
    const rows = await this.#kernel.doorways.read<ShelfRow>(call)
    expectDone(rows.find((row) => row.outcome !== null)?.outcome)
    return rows.filter((row) => row.outcome === null)
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

function expectDone(outcome: string | null | undefined): void {
  if (outcome === 'unknown') throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
  if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased, or is being erased')
  if (outcome === 'epoch') throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the tenant was reopened', { retryable: true })
  if (outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}
