import { readScope, type TenantScope } from '../../core/scope.ts'
import { callMemory } from '../call.ts'
import type { Kernel } from '../kernel.ts'
import { type LibraryAnswer, type LibrarySearchOptions, searchLibrary } from './search-library.ts'

/** The library of the deployment, as a scope reads it: published under a grant, apart from the tenant's own memories. */
export class ScopedLibrary {
  readonly #kernel: Kernel
  readonly #scope: TenantScope

  constructor(kernel: Kernel, scope: TenantScope) {
    this.#kernel = kernel
    this.#scope = scope
  }

  /** The entries that answer best, by words, within the scope's clearance. */
  async search(query: string, options: LibrarySearchOptions = {}): Promise<LibraryAnswer> {
    this.#kernel.checkOpen()
    const claims = readScope(this.#scope)
    return callMemory(this.#kernel, claims, 'search_library', () => searchLibrary(this.#kernel, claims, query, options))
  }
}
