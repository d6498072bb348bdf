import type { LedgerReader, LogKeys } from '../../audit/ledger-reader.ts'
import type { BundleFile } from '../../proof/write-bundle.ts'
import { exportLedger, type LedgerExportOptions } from './export-ledger.ts'
import { type AuditPage, type AuditQuery, listEvents } from './list-events.ts'
import { openEvent } from './open-event.ts'
import { type EventProof, proveEvent } from './prove-event.ts'
import { type LedgerHead, readHead } from './read-head.ts'

/**
 * A ledger, as far as whoever reads it reaches: a subject's scope sees the events of that subject, the common scope those that concern no
 * subject, a tenant-wide one all of the tenant's. Every call needs the right `audit` (else `ERR_ACCESS_DENIED`), and is an event
 * itself. Another tenant's events, another subject's, those of whoever had the id before it was erased, and missing ones are all the same.
 */
export class Audit {
  readonly #keys: LogKeys
  readonly #reader: LedgerReader

  constructor(keys: LogKeys, reader: LedgerReader) {
    this.#keys = keys
    this.#reader = reader
  }

  /** Events, newest first. One that has no place in the log yet has no index. */
  async list(options: AuditQuery = {}): Promise<AuditPage> {
    return listEvents(this.#keys, this.#reader, options)
  }

  /**
   * That an event is in the log, to be checked offline; null when there is none in reach. Throws `ERR_AUDIT_UNAVAILABLE`
   * (retryable) while it has no place yet, which is at most the merge delay.
   */
  async proof(eventId: string): Promise<EventProof | null> {
    return proveEvent(this.#keys, this.#reader, eventId)
  }

  /**
   * The details of one event, to be shown beside its proof and without those of any other: JSON that `verifyProof` checks against the leaf.
   * Null when there is no such event in reach, while it has no place yet, and when the key that it was committed under is gone.
   */
  async opening(eventId: string): Promise<string | null> {
    return openEvent(this.#keys, this.#reader, eventId)
  }

  /** The newest signed head of the tenant's log; null before its first event has a place. */
  async checkpoint(): Promise<LedgerHead | null> {
    return readHead(this.#keys, this.#reader)
  }

  /**
   * The whole log as the files of a bundle that an auditor takes away. By a scope it needs a tenant-wide one, and the right
   * `tenant`; of a tenant that began anew after its erasure it needs a grant (`keep.ledger`), as the log goes on from the former's. Check what was
   * written with `verifyLedger`.
   */
  export(options: LedgerExportOptions = {}): AsyncGenerator<BundleFile> {
    return exportLedger(this.#keys, this.#reader.begin(), options)
  }
}
