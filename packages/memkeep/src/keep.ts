import { sep } from 'node:path'
import type pg from 'pg'
import { checkRebuilders, type Rebuilders } from './artifacts/rebuilder.ts'
import { type AuditOptions, checkAudit } from './audit/audit-options.ts'
import type { CacheStore } from './cache/cache-store.ts'
import { ForgivingStore } from './cache/forgiving-store.ts'
import { inProcessCache } from './cache/in-process.ts'
import type { Connector } from './connectors/connector.ts'
import { Connectors } from './connectors/connectors.ts'
import { CallGate } from './core/call-gate.ts'
import type { EraseSubjectOptions, EraseTenantOptions, RunningErasure } from './core/erasure.ts'
import { MemkeepError } from './core/errors.ts'
import type { Grant } from './core/grant.ts'
import { checkTools, type Tools } from './core/labels.ts'
import { checkLimits, type Limits } from './core/limits.ts'
import { type RefusedTokenCounts, RefusedTokens } from './core/refused-tokens.ts'
import { type CommonScope, readScope, type SubjectScope, type TenantScope, type TenantWideScope } from './core/scope.ts'
import { productionSeams, type Seams } from './core/seams.ts'
import type { Tracer } from './core/tracer.ts'
import type { ErasureLedger } from './erasure/erasure-ledger.ts'
import type { Erasures } from './erasure/erasures.ts'
import type { KeyProvider } from './keys/key-provider.ts'
import type { KeyStore } from './keys/key-store.ts'
import { defaultHoldMs, Keyring } from './keys/keyring.ts'
import { rebuild } from './memory/artifacts/rebuild.ts'
import { distilDue } from './memory/distil-due.ts'
import { modelName } from './memory/index-of.ts'
import type { Kernel } from './memory/kernel.ts'
import { NotedTrust } from './memory/noted-trust.ts'
import { ReadableMemory, ScopedMemory } from './memory/scoped-memory.ts'
import { checkScreening } from './memory/screening.ts'
import { TenantPolicies } from './memory/tenant-policies.ts'
import { checkBackupDays, type ErasureSettings, openErasures } from './open-erasures.ts'
import { announce, checkReady } from './own-calls.ts'
import { checkPolicy, defaultPolicy, type Policy } from './policy/policy.ts'
import { Privileged } from './privileged/privileged.ts'
import type { Embedder } from './recall/embedder.ts'
import type { Languages } from './recall/languages.ts'
import { ShelfCache, type ShelfStats } from './recall/shelf-cache.ts'
import type { Distiller } from './screening/distiller.ts'
import type { ScreenPolicy } from './screening/judge.ts'
import type { Screener } from './screening/screener.ts'
import { openPool } from './store/connect.ts'
import { Doorways } from './store/doorways.ts'
import type { DatabaseEngine, RunningEngine } from './store/engine.ts'
import { isStoreFailure, storeFailure } from './store/failure.ts'
import { install } from './store/install.ts'
import { realPath } from './store/real-path.ts'
import { Repeat } from './upkeep/repeat.ts'
import { Upkeep, type UpkeepOptions, type UpkeepReport } from './upkeep/upkeep.ts'
import { WitnessedHead } from './upkeep/witnessed-head.ts'

export interface KeepOptions {
  /** An engine that the kernel starts, or the address of a PostgreSQL for the login `memkeep_app`. */
  readonly database: DatabaseEngine | string | pg.PoolConfig
  /** Wraps the generation key. */
  readonly keys: KeyProvider
  /** Where wrapped keys live: never under the database's directory, nor in its backups. */
  readonly keyStore: KeyStore
  /** Default none: search by words alone. */
  readonly embedder?: Embedder
  /**
   * The embedder whose place `embedder` takes. Both embed then; searches use the former until every memory that they look at
   * has a vector of the new one (`reembed`). To be left out when that is done.
   */
  readonly formerEmbedder?: Embedder
  /** Outside stores that may hold what a tenant said: an erasure empties them too. */
  readonly connectors?: readonly Connector[]
  /** Stems and stop words: `snowball()` of `memkeep/languages/snowball`. Default none: words are taken as they are. */
  readonly languages?: Languages
  /** What each role may do. Default: `defaultPolicy`. */
  readonly policy?: Policy
  readonly limits?: Partial<Limits>
  /** What the tools that a memory names as its author are trusted. Default none: what a tool says is `external`. */
  readonly tools?: Tools
  /** Looks at content beside the built-in screener: a model, a service of yours. */
  readonly screener?: Screener | readonly Screener[]
  /** What is done at which score, for tenants that have no screening of their own. Default: `defaultScreenPolicy`. */
  readonly screening?: Partial<ScreenPolicy>
  /** What keeps statements and leaves out orders. Default `extractive`, without a model. */
  readonly distiller?: Distiller
  /** For how many days an episode stays that the distiller did not keep. Default 30. */
  readonly episodeDays?: number
  /**
   * Address for the login `memkeep_upkeep`: upkeep then runs in this process. Not needed with an engine, which brings it;
   * without either, another process must run it, or calls are refused within a day.
   */
  readonly upkeep?: string | pg.PoolConfig
  /** Serve from a server that lacks the newest security fixes. */
  readonly acceptOldServer?: boolean
  /** How the ledger is written. Default: every event durable before the answer. */
  readonly audit?: AuditOptions
  /** The most that opened shelves may take in memory. Default 256 MiB. */
  readonly shelfBudgetBytes?: number
  /** The longest time a key stays open. Default 300,000. */
  readonly holdKeysMs?: number
  /**
   * For how many days backups of the database and of the key store are kept: so long may they hold what was erased, and so long
   * stand the bar of an erased scope and the record of its erasure. Default 35.
   */
  readonly keepsBackupsDays?: number
  /**
   * Where erasures are listed outside the database, the key store and their backups: after a restore they are repeated before
   * anything is served. `directoryErasureLedger` of `memkeep/erasure/directory`. Without it a restored backup brings back what was erased after it was made.
   */
  readonly erasureLedger?: ErasureLedger
  /** OpenTelemetry's (or one of its shape): each call on a memory becomes a span that carries the tenant's tag. */
  readonly tracer?: Tracer
  /** Where `memory.cache` keeps its values, sealed: `redisCache` of `memkeep/cache/redis`. Default: 16 MiB of this process. Closed with the keep. */
  readonly cache?: CacheStore
  /**
   * By the kind of artifact that each makes anew when one of its sources has gone. Run by the upkeep of this process; without one for
   * its kind, such an artifact stays hidden.
   */
  readonly rebuilders?: Rebuilders
  /** For tests and the simulator. */
  readonly seams?: Partial<Seams>
}

/** What `openMemkeep` makes of its options; the keep adds its own gate. */
type KeepParts = Omit<Kernel, 'checkOpen' | 'run' | 'erasuresOf'>

const shelfIdleMs = 15 * 60_000
const upkeepEveryMs = 60_000

/** Counts of one open keep, since it was opened. */
export interface KeepMetrics {
  /** Scope tokens that the database refused, which leave no audit row. All 0 unless keys or clocks differ, or somebody forges. */
  readonly refusedTokens: RefusedTokenCounts
  /** What the opened shelves took and gave since the keep was opened. Sizes in bytes. */
  readonly shelves: ShelfStats
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
      leaseMs: defaultHoldMs,
      keepsBackupsMs: checkBackupDays(),
      ledger: null,
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

  /** What a grant permits beyond one tenant. Throws as `for` does. */
  privileged(grant: Grant): Privileged {
    this.#gate.check()
    return new Privileged({ ...this.#kernel, erasuresBy: (by) => this.#erasures.by(by) }, grant)
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
      if (options.replaceTokenKeys === true) await this.#needUpkeep().replaceTokenKeys()
      return { repeated: this.#repeated }
    })
  }

  /**
   * Resolves when a call could be served now: the database answers, the keys open, and upkeep has left it a token key. Throws what
   * such a call would. Leaves no event.
   */
  async checkReady(): Promise<void> {
    this.#gate.check()
    await checkReady(this.#kernel.doorways, this.#kernel.keyring)
  }

  /** What was counted until now. */
  metrics(): KeepMetrics {
    const { doorways, shelves } = this.#kernel
    return Object.freeze({ refusedTokens: doorways.refusedTokens(), shelves: shelves.stats })
  }

  /** The verifier key (vkey) of the deployment's log, which a witness must be told. */
  async logKey(): Promise<string> {
    this.#gate.check()
    const { keyring } = this.#kernel
    return (await keyring.logKey(await keyring.deploymentLogTag(), 1)).vkey
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

/**
 * Opens a deployment. With an engine the schema is installed or upgraded first; with an address it must have been
 * (`memkeep migrate`), and a database that does not hold the walls is refused with `ERR_STORE_UNSAFE`.
 */
export async function openMemkeep(options: KeepOptions): Promise<Keep> {
  checkOptions(options)
  const seams: Seams = { ...productionSeams, ...options.seams }
  const policy = options.policy === undefined ? defaultPolicy : checkPolicy(options.policy)
  const keepsBackupsMs = checkBackupDays(options.keepsBackupsDays)
  const connectors = new Connectors(options.connectors)
  const { reads, mergeDelaySeconds, retention, witness } = checkAudit(options.audit)
  refuseKeysBesideData(options)
  const opened: (() => Promise<void>)[] = []
  const release = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close()
  }
  try {
    const keyring = openKeyring(options, seams, opened)
    const settings = await openDatabase(options, seams, opened)
    const refused = new RefusedTokens()
    const mergeDelayMs = mergeDelaySeconds * 1000
    const upkeep = await openUpkeep(settings, { keyring, seams, refused, mergeDelayMs, retention, witness }, opened)
    const pool = openPool(settings.app, 'memkeep_app', settings)
    opened.push(() => pool.end())
    const doorways = new Doorways(pool, (window) => keyring.tokenKey(window), seams.clock, seams.ids, {
      refused,
      relaxedReads: reads === 'relaxed',
    })
    if (witness !== null) await new WitnessedHead({ doorways, keyring, seams }, witness).prove()
    const served = { policy, acceptsOldServer: settings.acceptOldServer, reads, witness: witness?.name ?? null }
    await announce(doorways, keyring, seams, served)
    const store = options.cache ?? inProcessCache({ clock: seams.clock })
    opened.push(() => store.close())
    const parts = kernelParts(options, { doorways, keyring, policy, seams, cache: new ForgivingStore(store) })
    upkeep?.removesValuesBy((keys) => parts.cache.delete(keys))
    const kinds = Object.keys(parts.rebuilders ?? {})
    if (kinds.length > 0) upkeep?.rebuildWith({ kinds, rebuild: (keys, due) => rebuild(parts, keys, due) })
    const tidy = new Repeat(
      async () => parts.shelves.dropIdle(),
      upkeepEveryMs,
      () => {},
    )
    opened.push(() => tidy.stop())
    const leaseMs = options.holdKeysMs ?? defaultHoldMs
    const ledger = options.erasureLedger ?? null
    const keep = new Keep(parts, upkeep, release, { connectors, leaseMs, keepsBackupsMs, ledger })
    await keep.checkRestored()
    return keep
  } catch (error) {
    await release().catch(() => {})
    throw isStoreFailure(error) ? storeFailure(error) : error
  }
}

const optionNames: Record<keyof KeepOptions, true> = {
  database: true,
  keys: true,
  keyStore: true,
  embedder: true,
  formerEmbedder: true,
  connectors: true,
  languages: true,
  policy: true,
  limits: true,
  tools: true,
  screener: true,
  screening: true,
  distiller: true,
  episodeDays: true,
  upkeep: true,
  acceptOldServer: true,
  audit: true,
  shelfBudgetBytes: true,
  holdKeysMs: true,
  keepsBackupsDays: true,
  erasureLedger: true,
  tracer: true,
  rebuilders: true,
  cache: true,
  seams: true,
}

/** A misspelt option would silently leave its default, and `policy` or `limits` must not be left so. */
function checkOptions(options: KeepOptions): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(optionNames, name))
      throw new MemkeepError('ERR_INPUT_INVALID', 'openMemkeep has an unknown option')
  }
}

function kernelParts(
  options: KeepOptions,
  made: Pick<Kernel, 'cache' | 'doorways' | 'keyring' | 'policy' | 'seams'>,
): KeepParts {
  const budgetBytes = options.shelfBudgetBytes ?? 256 * 1024 * 1024
  return {
    ...made,
    tenantPolicies: new TenantPolicies(),
    limits: checkLimits(options.limits),
    tools: checkTools(options.tools ?? {}),
    notedTrust: new NotedTrust(made.seams.clock),
    screening: checkScreening(options),
    embedder: options.embedder ?? null,
    formerEmbedder: checkFormer(options),
    languages: options.languages ?? null,
    tracer: options.tracer ?? null,
    rebuilders: checkRebuilders(options.rebuilders),
    shelves: new ShelfCache({ budgetBytes, maxIdleMs: shelfIdleMs, clock: made.seams.clock }),
  }
}

function checkFormer({ embedder, formerEmbedder }: KeepOptions): Embedder | null {
  if (formerEmbedder === undefined) return null
  if (embedder === undefined || modelName(embedder) === modelName(formerEmbedder)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'formerEmbedder needs an embedder of another model beside it')
  }
  return formerEmbedder
}

interface DatabaseSettings {
  readonly app: pg.PoolConfig
  readonly upkeep: pg.PoolConfig | null
  readonly embedded: boolean
  readonly acceptOldServer: boolean
}

function openKeyring(options: KeepOptions, seams: Seams, opened: (() => Promise<void>)[]): Keyring {
  const keyring = new Keyring({
    provider: options.keys,
    store: options.keyStore,
    clock: seams.clock,
    reach: seams.reach,
    ...(options.holdKeysMs === undefined ? {} : { holdMs: options.holdKeysMs }),
  })
  opened.push(async () => keyring.close())
  return keyring
}

async function openDatabase(
  options: KeepOptions,
  seams: Seams,
  opened: (() => Promise<void>)[],
): Promise<DatabaseSettings> {
  const { database, acceptOldServer = false } = options
  const upkeep = options.upkeep === undefined ? null : poolConfig(options.upkeep)
  if (!isEngine(database)) return { app: poolConfig(database), upkeep, embedded: false, acceptOldServer }
  const engine: RunningEngine = await database.start()
  opened.push(() => engine.release())
  await install({ ...engine.admin }, { app: engine.app.password, upkeep: engine.upkeep.password })
  seams.reach('install.migrated')
  return { app: { ...engine.app }, upkeep: { ...engine.upkeep }, embedded: true, acceptOldServer }
}

async function openUpkeep(
  settings: DatabaseSettings,
  parts: { keyring: Keyring; seams: Seams; mergeDelayMs: number } & Required<UpkeepOptions>,
  opened: (() => Promise<void>)[],
): Promise<Upkeep | null> {
  if (settings.upkeep === null) return null
  const pool = openPool({ max: 2, ...settings.upkeep }, 'memkeep_upkeep', settings)
  opened.push(() => pool.end())
  const { keyring, seams, refused, mergeDelayMs, retention, witness } = parts
  const upkeep = new Upkeep(pool, keyring, seams, { refused, retention, witness })
  await upkeep.installKeys()
  // A pass that fails is repeated a minute later; what matters of it (a token key missing) shows at the calls.
  const repeat = new Repeat(
    () => upkeep.run(),
    upkeepEveryMs,
    () => {},
  )
  opened.push(() => repeat.stop())
  // So that an event which just missed a pass is in the next, and that one has as long again to end.
  const sequence = new Repeat(
    () => upkeep.sequence(),
    mergeDelayMs * 0.4,
    () => {},
  )
  opened.push(() => sequence.stop())
  return upkeep
}

function isEngine(database: KeepOptions['database']): database is DatabaseEngine {
  return typeof database === 'object' && typeof (database as DatabaseEngine).start === 'function'
}

function poolConfig(database: string | pg.PoolConfig): pg.PoolConfig {
  return typeof database === 'string' ? { connectionString: database } : database
}

/** Keys that lie beside the data are in its every copy, and then a stolen copy opens itself. */
function refuseKeysBesideData({ database, keys, keyStore, audit }: KeepOptions): void {
  if (!isEngine(database)) return
  const data = realPath(database.dir) + sep
  for (const place of [keyStore.dir, keys.file]) {
    if (place !== undefined && (realPath(place) + sep).startsWith(data)) {
      throw new MemkeepError('ERR_STORE_UNSAFE', "keys lie under the database's directory")
    }
  }
  for (const place of [audit?.coldTier?.dir, audit?.witness?.file]) {
    if (place !== undefined && (realPath(place) + sep).startsWith(data)) {
      throw new MemkeepError(
        'ERR_STORE_UNSAFE',
        "the cold tier or the witness lies under the database's directory, and goes with it",
      )
    }
  }
}
