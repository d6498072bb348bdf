/** What an erasure removes: one subject, or a tenant with every subject and what belongs to it as a whole. */
export type ErasureKind = 'subject' | 'tenant'

/** Why. `test` is for trying it out. */
export const erasureReasons = ['request', 'contract-end', 'retention', 'test'] as const
export type ErasureReason = (typeof erasureReasons)[number]

/** What stands afterwards: the bar, or the same id begun anew under a new epoch and new keys. */
export type AfterErasure = 'bar' | 'reopen'

/** Who asked: a principal of the tenant, an operator with a grant, or the restore guard, which repeats what a backup undid. */
export const askers = ['principal', 'operator', 'guard'] as const
export type Asker = (typeof askers)[number]

/** The steps in their order. */
export const erasureSteps = [
  'authorise',
  'enumerate',
  'bar',
  'invalidate',
  'delete',
  'derive',
  'keys',
  'verify',
  'attest',
] as const
export type ErasureStepName = (typeof erasureSteps)[number]

/** One step as it stands: done, or (`endedAt` null) under way, waiting or failed; `notes` say what it did or why it waits. */
export interface ErasureStep {
  readonly step: ErasureStepName
  readonly beganAt: Date
  readonly endedAt: Date | null
  readonly notes: Readonly<Record<string, unknown>>
}

/** Rows or items of one store. */
export interface ErasedStore {
  readonly name: string
  readonly deleted: number
  readonly remaining: number
}

/** What stays, why, and until when (ISO 8601; null: no end is set). `rows` is null where it is not counted. */
export interface Residue {
  readonly what: string
  readonly rows: number | null
  readonly why: string
  readonly until: string | null
}

/** What this erasure does not reach, and until when it may still hold something (ISO 8601; null: not known here). */
export interface NotCovered {
  readonly what: string
  readonly until: string | null
}

/** What became of something computed from what was erased. */
export interface DerivedAction {
  readonly id: string
  readonly action: string
}

/** What an erasure did, and what it did not. */
export interface ErasureReport {
  readonly id: string
  readonly kind: ErasureKind
  readonly reason: ErasureReason
  readonly requestedAt: string
  readonly barrierAt: string
  readonly deletedAt: string
  /** SHA-256 of the stored plan, in hex. */
  readonly planDigest: string
  /** SHA-256 over salt, kind, tenant and subject, in hex: shows whom it was about to whoever has the salt and knows the ids. */
  readonly scopeCommit: string
  readonly stores: readonly ErasedStore[]
  readonly derived: readonly DerivedAction[]
  /** Key records that were deleted and whose generation was destroyed: no copy of them opens anything. */
  readonly keysDestroyed: number
  readonly verification: Readonly<Record<string, unknown>>
  readonly residue: readonly Residue[]
  readonly notCovered: readonly NotCovered[]
}

/** What is being erased, as every store that may hold something of it is told. Tags are 16 bytes. */
export interface ErasureScope {
  readonly kind: ErasureKind
  readonly tenant: Buffer
  /** Null: the tenant as a whole. */
  readonly subject: Buffer | null
  /** The epoch that ends. */
  readonly epoch: number
  /** Id of the erasure: the same at every repetition. */
  readonly erasure: string
  /** The ids that the requester named; null when the restore guard repeats an erasure, which knows tags alone. */
  readonly ids: { readonly tenant: string; readonly subject: string | null } | null
}

/** Whose, by tags. */
export interface ErasedPlace {
  readonly tenant: Buffer
  readonly kind: ErasureKind
  readonly subject: Buffer
}

/** What a restored database has of the names of an erased scope: each sealed under the tenant's own key. */
export interface RestoredNames {
  readonly tenant_name: Buffer | null
  readonly subject_name: Buffer | null
}

/** The cache in a process's own memory, as a plan names it: no other process can ask it. */
export const ownCache = 'cache.in-process'

/** A store beside the database's tables that may hold something of a scope. No transaction is open while it is called. */
export interface ErasureTarget {
  /** Stands in plan, report and attestation: `cache.redis`. */
  readonly name: string
  /** What it holds things in, as plan and report name it: `connector.crm`. */
  readonly stores: readonly string[]
  /** True for programs of others: they may be down, and nothing waits for them that must go on. */
  readonly outside?: true
  /** What it holds of the scope, by store; without those that cannot be asked now. Changes nothing. */
  inventory(scope: ErasureScope): Promise<Readonly<Record<string, number>>>
  /** From its answer on it serves nothing of the scope. */
  invalidate(scope: ErasureScope): Promise<void>
  /** Removes it; the barrier stands. May be called again, after a crash too. */
  erase(scope: ErasureScope): Promise<TargetErased>
  /** What remains, read anew: all zero when it is done. */
  verify(scope: ErasureScope): Promise<Readonly<Record<string, number>>>
}

export interface TargetErased {
  readonly deleted: Readonly<Record<string, number>>
  readonly derived?: readonly DerivedAction[]
  readonly notCovered?: readonly NotCovered[]
  /** Not finished, and why: the erasure stays open at this step and tries again. */
  readonly pending?: string
}

/** A report as it is handed out. `salt` (hex) shows whom it was about, to whoever knows the ids; the attestation does not hold it. */
export interface FinishedErasure extends ErasureReport {
  readonly salt: string
  /** A DSSE envelope (JSON) over an in-toto statement: `verifyAttestation` of `memkeep/verify` checks it offline. */
  readonly attestation: string
}

/** An erasure as it stands. */
export interface ErasureView {
  readonly id: string
  readonly kind: ErasureKind
  readonly state: 'open' | 'done'
  readonly reason: ErasureReason
  readonly requestedAt: Date
  readonly steps: readonly ErasureStep[]
  /** Null until it is done. */
  readonly report: FinishedErasure | null
}

/** An erasure that is being carried out; iterating tells each step as it ends, from the first on. */
export interface RunningErasure extends AsyncIterable<ErasureStep> {
  readonly id: string
  /** Rejects when a step failed: the erasure then stays open, and upkeep goes on with it. */
  readonly done: Promise<FinishedErasure>
}

/** The erasures of one scope. */
export interface ScopeErasures {
  /** Newest first, at most 100. */
  list(): Promise<ErasureView[]>
  /** Null when the scope has none with this id. */
  show(id: string): Promise<ErasureView | null>
}

export interface EraseSubjectOptions {
  readonly reason: ErasureReason
  /** Default `bar`. */
  readonly after?: AfterErasure
}

export interface EraseTenantOptions {
  readonly reason: ErasureReason
  /** The tenant's id once more. */
  readonly confirm: string
}

/** An erasure that is not done, as whoever operates the deployment finds it. */
export interface OpenErasure {
  readonly id: string
  readonly kind: ErasureKind
  readonly requestedAt: Date
  /** Null where it is not known: it was repeated after a restore, or its rows were changed. */
  readonly tenant: string | null
  /** The step that it stands at; null where its rows cannot be read. */
  readonly step: ErasureStepName | null
  /** Why it waits there; null: it is under way, or waits for its time. */
  readonly why: string | null
}

/** Erasures by an operator. Needs the right `erase` in the grant. */
export interface OperatorErasures {
  eraseSubject(tenant: string, subject: string, options: EraseSubjectOptions): Promise<RunningErasure>
  eraseTenant(tenant: string, options: EraseTenantOptions): Promise<RunningErasure>
  /** Those of any tenant that are not done, the oldest first, at most 200. */
  list(): Promise<OpenErasure[]>
  /** Of any tenant, by its id; null when there is none. */
  show(id: string): Promise<ErasureView | null>
  /**
   * Goes on with an erasure that was broken off, whoever worked on it. `of`: whom it is of, for one that was repeated after a restore and does not know it (connectors go by
   * ids). Throws `ERR_INPUT_INVALID` when there is none, or when it is not of these.
   */
  resume(id: string, of?: { readonly tenant: string; readonly subject: string | null }): Promise<RunningErasure>
}
