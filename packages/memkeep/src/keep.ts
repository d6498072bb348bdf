import { Connectors } from './connectors/connectors.ts'
import { CallGate } from './core/call-gate.ts'
import { checkAll } from './core/check-all.ts'
import type { EraseSubjectOptions, EraseTenantOptions, RunningErasure } from './core/erasure.ts'
import { MemkeepError } from './core/errors.ts'
import type { Grant } from './core/grant.ts'
import type { Tools } from './core/labels.ts'
import type { RefusedTokenCounts } from './core/refused-tokens.ts'
import { type CommonScope, readScope, type SubjectScope, type TenantScope, type TenantWideScope } from './core/scope.ts'
import { checkId } from './core/text.ts'
import type { ErasureLedger } from './erasure/erasure-ledger.ts'
import type { Erasures } from './erasure/erasures.ts'
import type { RefusedErasure } from './erasure/refused-erasures.ts'
import { defaultHoldMs } from './keys/keyring.ts'
import type { DisclosureCounts } from './memory/disclosures.ts'
import { distilDue } from './memory/distil-due.ts'
import { probe } from './memory/embed-each.ts'
import { type DueVectors, fillVectors } from './memory/fill-vectors.ts'
import type { Kernel } from './memory/kernel.ts'
import { Audit } from './memory/ledger/audit.ts'
import { RowOpener } from './memory/row.ts'
import { ReadableMemory, ScopedMemory } from './memory/scoped-memory.ts'
import { checkBackupDays, type ErasureSettings, openErasures } from './open-erasures.ts'
import { announce, checkDatabase } from './own-calls.ts'
import { claimsOf, grantReader } from './privileged/grant-reader.ts'
import { Privileged } from './privileged/privileged.ts'
import type { PrivilegedKernel } from './privileged/privileged-kernel.ts'
import type { ShelfStats } from './recall/shelf-cache.ts'
import type { Upkeep } from './upkeep/upkeep.ts'
import type { UpkeepCounts, UpkeepReport } from './upkeep/upkeep-report.ts'

/** What `openMemkeep` makes of its options; the keep adds its own gate. */
export type KeepParts = Omit<Kernel, 'checkOpen' | 'run' | 'erasuresOf'>

/** Counts of one open keep, since it was opened. */
export interface KeepMetrics {
  /** Scope tokens that the database refused, which leave no audit row. All 0 unless keys or clocks differ, or somebody forges. */
  readonly refusedTokens: RefusedTokenCounts
  /** What the opened shelves took and gave since the keep was opened. Sizes in bytes. */
  readonly shelves: ShelfStats
  readonly disclosures: DisclosureCounts
  /** Null in a process without upkeep's login. */
  readonly upkeep: UpkeepCounts | null
  /** Erasures that were not done after the last pass of upkeep, of any tenant; null before it and without upkeep's login. */
  readonly openErasures: number | null
}

/** A deployment of Memkeep, open in this process. */
export class Keep implements AsyncDisposable {
  readonly #kernel: Kernel
  readonly #erasures: Erasures
  readonly #upkeep: Upkeep | null
  readonly #release: () => Promise<void>
  readonly #gate = new CallGate()
  #closing: Promise<void> | null = null
  #repeated = 0

  /** Use `openMemkeep`. */
  constructor(
    parts: KeepParts,
    upkeep: Upkeep | null,
    release: () => Promise<void>,
    erasing: ErasureSettings = {
      connectors: new Connectors(),
      elsewhere: [],
      leaseMs: defaultHoldMs,
      keepsBackupsMs: checkBackupDays(),
      ledger: null,
      witness: null,
    },
  ) {
    const gate = this.#gate
    this.#kernel = Object.freeze({
      ...parts,
      checkOpen: () => gate.check(),
      run: <T>(call: () => Promise<T>) => gate.run(call),
      erasuresOf: (scope: TenantScope) => this.#erasures.of(scope),
    })
    this.#erasures = openErasures(this.#kernel, erasing, async () => this.#upkeep?.rebuildDue())
    this.#upkeep = upkeep
    this.#upkeep?.distilsBy((due) => distilDue(this.#kernel, due))
    if (parts.embedder !== null) {
      const embed = (waiting: DueVectors) => fillVectors(this.#kernel, waiting)
      this.#upkeep?.embedsBy({ embed, probe: () => probe(this.#kernel) })
    }
    this.#upkeep?.resumesErasuresBy(() => this.#erasures.resumeDue())
    this.#upkeep?.onRolledBack((error) => gate.refuse(error))
    this.#release = release
  }

  /**
   * The memory of one scope: it reaches that scope and nothing else. Throws `ERR_SCOPE_REQUIRED` for anything that
   * `memkeep/trust` did not mint, and `ERR_SCOPE_EXPIRED`.
   */
  for(scope: SubjectScope | CommonScope): ScopedMemory
  for(scope: TenantWideScope): ReadableMemory
  for(scope: SubjectScope | CommonScope | TenantWideScope): ReadableMemory {
    this.#gate.check()
    return readScope(scope).reach === 'all'
      ? new ReadableMemory(this.#kernel, scope)
      : new ScopedMemory(this.#kernel, scope)
  }

  /** True when support reads nothing before a second person has agreed. */
  get supportNeedsSecond(): boolean {
    return this.#kernel.supportNeedsSecond
  }

  /** What a grant permits beyond one tenant. Throws as `for` does. */
  privileged(grant: Grant): Privileged {
    this.#gate.check()
    const openRows: PrivilegedKernel['openRows'] = (keys, claims, rows, nameOf) =>
      new RowOpener(keys, claims).openMemories(rows, nameOf)
    return new Privileged({ ...this.#kernel, erasuresBy: (by) => this.#erasures.by(by), openRows }, grant)
  }

  /**
   * The ledger that no scope opens: of the deployment's own acts (who served under which policy, who read totals, rotated keys or accepted a rollback, and
   * what upkeep did for all), or of a tenant that was erased. Needs the right `ledger`; a tenant that stands shows its own (`ERR_ACCESS_DENIED`), and one that
   * began anew has here what was before. Each call is an event of that log.
   */
  ledger(grant: Grant, of: { readonly tenant?: string } = {}): Audit {
    this.#gate.check()
    const tenant = of.tenant === undefined ? null : checkId(of.tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    return new Audit(this.#kernel.keyring, grantReader(this.#kernel, claimsOf(grant), tenant))
  }

  /**
   * Erases everything about the scope's subject, and proves it: the answer is given when the request stands in the ledger, and
   * tells each step. Needs the right `erase`; a legal hold refuses. Afterwards the subject is barred, or (`after: 'reopen'`)
   * begins anew. Asked again, it goes on with the erasure that stands.
   */
  async eraseSubject(scope: SubjectScope, options: EraseSubjectOptions): Promise<RunningErasure> {
    this.#gate.check()
    return this.#erasures.eraseSubject(scope, options)
  }

  /** As `eraseSubject`, the scope's tenant with all its subjects. Needs the right `tenant` too. */
  async eraseTenant(scope: TenantWideScope, options: EraseTenantOptions): Promise<RunningErasure> {
    this.#gate.check()
    return this.#erasures.eraseTenant(scope, options)
  }

  /**
   * Repeats erasures that a restored database or key store does not know of; `openMemkeep` has done it before it served. Says how
   * many there were since this keep was opened. With `replaceTokenKeys` the keys of scope tokens, which a stolen backup may hold, are replaced: other
   * processes are refused then for as long as they hold the old ones. Throws `ERR_STORE_ROLLED_BACK` when the erasure ledger itself
   * was altered.
   */
  async checkRestored(options: { readonly replaceTokenKeys?: boolean } = {}): Promise<{ readonly repeated: number }> {
    return this.#gate.run(async () => {
      this.#repeated += (await this.#erasures.guard()).repeated
      if (options.replaceTokenKeys === true) {
        await this.#needUpkeep().replaceTokenKeys()
        // The first token that the new keys sign.
        const { doorways, keyring, seams } = this.#kernel
        await announce(doorways, keyring, seams, { tokenKeysReplaced: true })
      }
      return { repeated: this.#repeated }
    })
  }

  /**
   * Takes another erasure ledger as the one that counts, when the former is lost: open without `erasureLedger`, call this, open with the new one. What only the
   * former knew is not erased again after a restore. Leaves an event. Throws `ERR_STORE_ROLLED_BACK` when its lines do not hold together.
   */
  async acceptErasureLedger(ledger: ErasureLedger): Promise<void> {
    return this.#gate.run(() => this.#erasures.acceptLedger(ledger))
  }

  /**
   * Erasures that upkeep refuses with `ERR_SEAL_BROKEN`: rows of them are not what this deployment wrote, so nothing of them is carried out, nor forgotten. At most 200 that are open and
   * 200 that have ended.
   */
  async refusedErasures(): Promise<RefusedErasure[]> {
    return this.#gate.run(() => this.#erasures.refused())
  }

  /** The verifier key (vkey) of the erasure ledger, which a witness of it must be told. */
  async erasureLedgerKey(): Promise<string> {
    this.#gate.check()
    const { keyring } = this.#kernel
    return (await keyring.logKey(await keyring.erasureLedgerTag(), 1)).vkey
  }

  /**
   * Resolves when a call could be served now: no restore stands that the guard has not seen, the keys open, the database answers and upkeep has left it a
   * token key; and, where this process runs upkeep, no event has waited for its place in the log for over twelve merge delays, nor has the deployment's log stood still for so long as passes failed. Throws what such a call would,
   * or `ERR_AUDIT_UNAVAILABLE`, with the check's name before its message. Leaves no event.
   */
  async checkReady(): Promise<void> {
    const { doorways, keyring } = this.#kernel
    await checkAll({
      // A gate that was told of a rollback refuses.
      keep: async () => this.#gate.check(),
      keys: async () => void (await (await keyring.deployment()).own()),
      database: () => checkDatabase(doorways, keyring),
      'restore guard': () => this.#erasures.checkGuard(),
      upkeep: async () => this.#upkeep?.checkLag(),
    })
  }

  /** The tools that this keep has registered. */
  get tools(): Tools {
    return this.#kernel.tools
  }

  /** The time by this keep's clock, which says what has expired. */
  get now(): Date {
    return new Date(this.#kernel.seams.clock.now())
  }

  /** What was counted until now. */
  metrics(): KeepMetrics {
    const { doorways, shelves, disclosures } = this.#kernel
    return Object.freeze({
      refusedTokens: doorways.refusedTokens(),
      shelves: shelves.stats,
      disclosures: disclosures.counts(),
      upkeep: this.#upkeep?.counts() ?? null,
      openErasures: this.#erasures.open,
    })
  }

  /** The verifier key (vkey) of the deployment's log, which a witness must be told. Another one once a rollback was accepted. */
  async logKey(): Promise<string> {
    this.#gate.check()
    const { keyring } = this.#kernel
    return (await keyring.logKey(await keyring.deploymentLogTag(), await keyring.logLine())).vkey
  }

  /** One pass of upkeep now. Throws `ERR_STORE_UNAVAILABLE` when this process was given no upkeep login. */
  async runUpkeep(): Promise<UpkeepReport> {
    return this.#withUpkeep((upkeep) => upkeep.run())
  }

  #withUpkeep<T>(work: (upkeep: Upkeep) => Promise<T>): Promise<T> {
    this.#gate.check()
    const upkeep = this.#needUpkeep()
    return this.#gate.run(() => work(upkeep))
  }

  /** Gives every event that was committed until now its place in the log. Returns how many. Throws as `runUpkeep`. */
  async sequence(): Promise<number> {
    return this.#withUpkeep((upkeep) => upkeep.sequence())
  }

  /** When the event happened that waits longest for its place in the log; null when none waits. Throws as `runUpkeep`. */
  async oldestWaitingEvent(): Promise<Date | null> {
    return this.#withUpkeep((upkeep) => upkeep.oldestWaiting())
  }

  #needUpkeep(): Upkeep {
    if (this.#upkeep === null) throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'this process has no upkeep login')
    return this.#upkeep
  }

  /**
   * Lets go of the database and of every key. Later calls throw `ERR_CLOSED`. Calls on memories that are under way finish
   * first; privileged ones may be cut off, with an error; an erasure stops after its step and stays open.
   */
  close(): Promise<void> {
    this.#closing ??= this.#gate
      .close()
      .then(() => this.#erasures.stop())
      .then(this.#release)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
