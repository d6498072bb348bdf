import type { Witness } from '../audit/witness.ts'
import type { ErasedPlace, ErasureScope, ErasureTarget, RestoredNames } from '../core/erasure.ts'
import type { GrantClaims } from '../core/grant.ts'
import type { ScopeClaims } from '../core/scope.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Policy } from '../policy/policy.ts'
import type { DoorwayCall, Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'
import type { ErasureLedger } from './erasure-ledger.ts'

/** A scope made ready for a call, as `memory/` makes it: keys, and the claims that the standing policy gives its principal. */
export interface ScopeAccess {
  readonly scope: ScopeClaims
  readonly keys: TenantKeys
  readonly claims: Claims
  /** Throws what an outcome other than `ok` amounts to. */
  readonly expect: (outcome: string | null | undefined) => void
}

/** One line of a count over a scope: the outcome first, then a row for each table. */
export interface HeldRow {
  readonly outcome: string | null
  readonly name: string
  readonly held: number
}

/** What erasing works with. Made once, by `openMemkeep`. */
export interface ErasureKernel {
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
  /** The deployment's policy: an erased tenant has none of its own any more. */
  readonly policy: Policy
  /** Stores beside the database's tables. */
  readonly targets: readonly ErasureTarget[]
  /** Names of connectors that other processes have: each is in the plan. */
  readonly elsewhere: readonly string[]
  /** Runs a call of a scope under its policy, and anew when the policy or the epoch has changed. */
  readonly access: <T>(scope: ScopeClaims, run: (access: ScopeAccess) => Promise<T>) => Promise<T>
  /** Counts what is left by another role than the one that erases. */
  readonly recount: (call: Omit<DoorwayCall, 'doorway'>) => Promise<HeldRow[]>
  /** Erasures that are open and that nobody works on, those first that were tried longest ago; and how many are open. */
  readonly due: () => Promise<{ readonly found: readonly FoundErasure[]; readonly open: number }>
  /** Every open one, the oldest first. In the name of the grant's principal; throws `ERR_ACCESS_DENIED`. */
  readonly open: (grant: GrantClaims) => Promise<(FoundErasure & { readonly requested_ms: number })[]>
  /** The one with that id (a UUID), in the name of the grant's principal; null when there is none. Throws `ERR_ACCESS_DENIED`. */
  readonly find: (id: string, grant: GrantClaims) => Promise<FoundErasure | null>
  /** Erasures that are done, and whose bar and record may go. */
  readonly ended: () => Promise<(FoundErasure & { readonly epoch: number })[]>
  /** Deletes the keys of their own that versions had which nobody reads any more, of what a tenant's subjects share or (the deployment's tag) of the library. */
  readonly endVersions: (tenant: Buffer) => Promise<unknown>
  /** Lets go of what this process holds opened of a tenant. */
  readonly drop: (tenant: Buffer) => void
  /** How long any process may hold a key open, as they have announced it: no key is destroyed before that has passed since the barrier. */
  readonly leaseMs: () => Promise<number>
  /** Whom a restored database says that tags are of; null where it does not, or where those keys are gone. */
  readonly restoredIds: (place: ErasedPlace, names: RestoredNames) => Promise<ErasureScope['ids']>
  /** How long backups are kept: what was erased may be in them for so long. */
  readonly keepsBackupsMs: number
  /** Kept outside database and key store; null: a restore can undo an erasure unnoticed. */
  readonly ledger: ErasureLedger | null
  /** Remembers the ledger's head elsewhere; null: nobody does. */
  readonly witness: Witness | null
  readonly checkOpen: () => void
}

/** Where an erasure stands. */
export interface FoundErasure {
  readonly tenant: Buffer
  readonly id: string
  readonly kind: number
  readonly subject: Buffer
}
