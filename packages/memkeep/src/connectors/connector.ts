import type { AttemptOptions } from '../core/attempts.ts'

/** Whose items an outside store is asked about, by the ids that the application uses. */
export interface ConnectorScope {
  readonly tenant: string
  /** Null: everybody of the tenant, and what belongs to it as a whole. */
  readonly subject: string | null
}

/**
 * An outside store that may hold what a tenant said: the driver's part. Every call may be repeated, also after one that was
 * given up on. A store that cannot be reached rejects: it never answers 0. Who implements one runs `testConnector` of
 * `memkeep/conformance`.
 */
export interface Connector {
  /** 1 to 64 of `a-z 0-9 -`, unlike those of the keep's other connectors: it stands in reports. */
  readonly name: string
  /** `tenants` for a store that cannot tell whose of a tenant an item is: only a tenant's erasure reaches it. Default `subjects`. */
  readonly separates?: 'subjects' | 'tenants'
  /** How long one try may take and how often it is tried. Each try goes on where the last one ended. */
  readonly patience?: AttemptOptions
  /** How many items of the scope are held. */
  inventory(scope: ConnectorScope, signal: AbortSignal): Promise<number>
  /** Removes the scope's items, and no others; says how many this call removed, as far as the store tells. */
  erase(scope: ConnectorScope, signal: AbortSignal): Promise<number>
  /** How many items remain, read from the store anew: earlier versions and half-written items count. */
  verify(scope: ConnectorScope, signal: AbortSignal): Promise<number>
}
