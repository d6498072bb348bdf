import type { OperatorErasures } from '../core/erasure.ts'
import { type Grant, readGrant } from '../core/grant.ts'
import { once } from '../core/once.ts'
import { checkId } from '../core/text.ts'
import { Aggregates } from './aggregates.ts'
import { ApiKeys } from './api-keys.ts'
import { BreakGlass } from './break-glass.ts'
import { Holds } from './holds.ts'
import { keptAnswerOf } from './kept-answer.ts'
import { KeyRotations } from './key-rotation.ts'
import { Library } from './library.ts'
import type { PrivilegedKernel } from './privileged-kernel.ts'
import { Tenants } from './tenants.ts'

/** What a grant permits beyond one tenant. Every call states the grant's reason in its audit event. */
export class Privileged {
  readonly tenants: Tenants
  readonly keys: ApiKeys
  readonly erasures: OperatorErasures
  readonly holds: Holds
  readonly library: Library
  /** Of the keys that wrap and seal; `keys` are API keys. */
  readonly rotation: KeyRotations
  readonly breakGlass: BreakGlass
  readonly aggregates: Aggregates
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.tenants = new Tenants(kernel, grant)
    this.keys = new ApiKeys(kernel, grant)
    this.erasures = kernel.erasuresBy(grant)
    this.holds = new Holds(kernel, grant)
    this.library = new Library(kernel, grant)
    this.rotation = new KeyRotations(kernel, grant)
    this.breakGlass = new BreakGlass(kernel, grant)
    this.aggregates = new Aggregates(kernel, grant)
    this.#kernel = kernel
    this.#grant = grant
  }

  /**
   * As `ScopedMemory.once`, for an act on a tenant: the answer is kept, sealed under the tenant's keys, for the grant's principal, and
   * goes when the tenant is erased.
   */
  async once(tenant: string, idempotencyKey: string, asked: string, run: () => Promise<string>): Promise<string> {
    this.#kernel.checkOpen()
    checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    const key = checkId(idempotencyKey, 'idempotencyKey', 'ERR_INPUT_INVALID')
    return once(keptAnswerOf(this.#kernel, readGrant(this.#grant), tenant, key, asked), run)
  }
}
