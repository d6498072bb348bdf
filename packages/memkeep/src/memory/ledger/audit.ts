import { readScope, type ScopeClaims, type TenantScope } from '../../core/scope.ts'
import type { BundleFile } from '../../proof/write-bundle.ts'
import { callMemory } from '../call.ts'
import type { Kernel } from '../kernel.ts'
import { exportLedger, type LedgerExportOptions } from './export-ledger.ts'
import { type AuditPage, type AuditQuery, listEvents } from './list-events.ts'
import { openEvent } from './open-event.ts'
import { type EventProof, proveEvent } from './prove-event.ts'
import { type LedgerHead, readHead } from './read-head.ts'

/**
 * The ledger, as far as a scope reaches: a subject's scope sees the events of that subject, the common scope those that concern no
 * subject, a tenant-wide one all of the tenant's. Every call needs the right `audit` (else `ERR_ACCESS_DENIED`), and is an event
 * itself. Another tenant's events, another subject's and missing ones are all the same.
 */
export class Audit {
  readonly #kernel: Kernel
  readonly #scope: TenantScope

  constructor(kernel: Kernel, scope: TenantScope) {
    this.#kernel = kernel
    this.#scope = scope
  }

  /** Events, newest first. One that has no place in the log yet has no index. */
  async list(options: AuditQuery = {}): Promise<AuditPage> {
    return this.#call((claims) => listEvents(this.#kernel, claims, options))
  }

  /**
   * That an event is in the log, to be checked offline; null when there is none in reach. Throws `ERR_AUDIT_UNAVAILABLE`
   * (retryable) while it has no place yet, which is at most the merge delay.
   */
  async proof(eventId: string): Promise<EventProof | null> {
    return this.#call((claims) => proveEvent(this.#kernel, claims, eventId))
  }

  /**
   * The details of one event, to be shown beside its proof and without those of any other: JSON that `verifyProof` checks against the leaf.
   * Null when there is no such event in reach, while it has no place yet, and when the key that it was committed under is gone.
   */
  async opening(eventId: string): Promise<string | null> {
    return this.#call((claims) => openEvent(this.#kernel, claims, eventId))
  }

  /** The newest signed head of the tenant's log; null before its first event has a place. */
  async checkpoint(): Promise<LedgerHead | null> {
    return this.#call((claims) => readHead(this.#kernel, claims))
  }

  /**
   * The tenant's whole log as the files of a bundle that an auditor takes away. Needs a tenant-wide scope, and the right
   * `tenant`. Check what was written with `verifyLedger`.
   */
  export(options: LedgerExportOptions = {}): AsyncGenerator<BundleFile> {
    return exportLedger(this.#kernel, this.#claims(), options)
  }

  #call<T>(run: (claims: ScopeClaims) => Promise<T>): Promise<T> {
    const claims = this.#claims()
    return callMemory(this.#kernel, claims, 'audit_memory', () => run(claims))
  }

  #claims(): ScopeClaims {
    this.#kernel.checkOpen()
    return readScope(this.#scope)
  }
}
