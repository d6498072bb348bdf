import type { Artifact } from '../../artifacts/artifact.ts'
import { readScope, type ScopeClaims, type TenantScope } from '../../core/scope.ts'
import { callMemory, type Operation } from '../call.ts'
import type { Kernel } from '../kernel.ts'
import { type ArtifactListOptions, type ArtifactPage, getArtifact, listArtifacts } from './read.ts'
import { type RegisteredArtifact, type RegisterInput, register } from './register.ts'
import { removeArtifact, retryArtifact } from './remove.ts'

/** What was computed from the memories that a scope reads: its subject's own, and what the tenant's subjects share. */
export class ReadableArtifacts {
  readonly #kernel: Kernel
  readonly #scope: TenantScope

  constructor(kernel: Kernel, scope: TenantScope) {
    this.#kernel = kernel
    this.#scope = scope
  }

  /** Artifacts, newest first. */
  async list(options: ArtifactListOptions = {}): Promise<ArtifactPage> {
    return this.#call('list_artifact', (claims) => listArtifacts(this.#kernel, claims, options))
  }

  /** The artifact, or null: a foreign id is null, as a missing one and one that is hidden. */
  async get(id: string): Promise<Artifact | null> {
    return this.#call('get_artifact', (claims) => getArtifact(this.#kernel, claims, id))
  }

  #call<T>(operation: Operation, run: (claims: ScopeClaims) => Promise<T>): Promise<T> {
    this.#kernel.checkOpen()
    const claims = readScope(this.#scope)
    return callMemory(this.#kernel, claims, operation, () => run(claims))
  }
}

/** Artifacts of one subject, or of a tenant as a whole. */
export class ScopedArtifacts extends ReadableArtifacts {
  readonly #kernel: Kernel
  readonly #scope: TenantScope

  constructor(kernel: Kernel, scope: TenantScope) {
    super(kernel, scope)
    this.#kernel = kernel
    this.#scope = scope
  }

  /**
   * Registers what was computed from memories and artifacts. Its trust is the lowest of theirs, its sensitivity the highest. When one
   * of them goes, by deletion, expiry or erasure, so does what was made of it, at any distance: it is hidden in the same commit, and
   * rebuilt from the rest by the keep's rebuilder for its kind, or dropped when there is no rest.
   */
  async register(input: RegisterInput): Promise<RegisteredArtifact> {
    return this.#call('create_artifact', (claims) => register(this.#kernel, claims, input))
  }

  /** Removes one, hidden or not. False when there was none in sight. A shared one needs the right `common`. */
  async remove(id: string): Promise<boolean> {
    return this.#call('delete_artifact', (claims) => removeArtifact(this.#kernel, claims, id))
  }

  /** Queues a hidden one anew, also a dead letter. False when there is none in sight. A shared one needs the right `common`. */
  async retry(id: string): Promise<boolean> {
    return this.#call('update_artifact', (claims) => retryArtifact(this.#kernel, claims, id))
  }

  #call<T>(operation: Operation, run: (claims: ScopeClaims) => Promise<T>): Promise<T> {
    this.#kernel.checkOpen()
    const claims = readScope(this.#scope)
    return callMemory(this.#kernel, claims, operation, () => run(claims))
  }
}
