import type { OperatorErasures } from '../core/erasure.ts'
import type { Grant } from '../core/grant.ts'
import { ApiKeys } from './api-keys.ts'
import { Holds } from './holds.ts'
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

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.tenants = new Tenants(kernel, grant)
    this.keys = new ApiKeys(kernel, grant)
    this.erasures = kernel.erasuresBy(grant)
    this.holds = new Holds(kernel, grant)
    this.library = new Library(kernel, grant)
    this.rotation = new KeyRotations(kernel, grant)
  }
}
