import type { Json } from '../../core/memory.ts'
import { readScope, type ScopeClaims, type TenantScope } from '../../core/scope.ts'
import { callMemory, type Operation } from '../call.ts'
import type { Kernel } from '../kernel.ts'
import { type CacheSetOptions, deleteCached, getCached, setCached } from './cached.ts'

/**
 * Values that a scope keeps for a while: answers, rankings, prompts. Sealed under the subject's key; found by exactly the same scope
 * (tenant, subject, clearance, agent, session) and in no later epoch. A value goes when one of its sources does.
 */
export class ScopedCache {
  readonly #kernel: Kernel
  readonly #scope: TenantScope

  constructor(kernel: Kernel, scope: TenantScope) {
    this.#kernel = kernel
    this.#scope = scope
  }

  /** The value under a key of yours, or null. Each hit is in the ledger; a miss tells nothing and is not. */
  async get(key: string): Promise<Json | null> {
    return this.#call('get_cache', (claims) => getCached(this.#kernel, claims, key))
  }

  /** Keeps a JSON value of at most 256 KiB. False when the cache could not take it. Needs the right `write`. */
  async set(key: string, value: Json, options: CacheSetOptions = {}): Promise<boolean> {
    return this.#call('set_cache', (claims) => setCached(this.#kernel, claims, key, value, options))
  }

  /** False when there was none. Needs the right `delete`. */
  async delete(key: string): Promise<boolean> {
    return this.#call('delete_cache', (claims) => deleteCached(this.#kernel, claims, key))
  }

  #call<T>(operation: Operation, run: (claims: ScopeClaims) => Promise<T>): Promise<T> {
    this.#kernel.checkOpen()
    const claims = readScope(this.#scope)
    return callMemory(this.#kernel, claims, operation, () => run(claims))
  }
}
