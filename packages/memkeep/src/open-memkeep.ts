import type pg from 'pg'
import { checkRebuilders } from './artifacts/rebuilder.ts'
import { checkAudit } from './audit/audit-options.ts'
import { ForgivingStore } from './cache/forgiving-store.ts'
import { inProcessCache } from './cache/in-process.ts'
import { Connectors } from './connectors/connectors.ts'
import { checkTools } from './core/labels.ts'
import { checkLimits } from './core/limits.ts'
import { RefusedTokens } from './core/refused-tokens.ts'
import { productionSeams, type Seams } from './core/seams.ts'
import { Keep, type KeepParts } from './keep.ts'
import { checkFormer, checkOptions, isEngine, type KeepOptions, refuseKeysBesideData } from './keep-options.ts'
import { defaultHoldMs, Keyring } from './keys/keyring.ts'
import type { TenantKeys } from './keys/tenant-keys.ts'
import { rebuild } from './memory/artifacts/rebuild.ts'
import { Disclosures } from './memory/disclosures.ts'
import type { Kernel } from './memory/kernel.ts'
import { readContributed } from './memory/library/contributed.ts'
import { NotedTrust } from './memory/noted-trust.ts'
import { checkScreening } from './memory/screening.ts'
import { TenantPolicies } from './memory/tenant-policies.ts'
import { checkBackupDays, checkElsewhere } from './open-erasures.ts'
import { announce, announceHold } from './own-calls.ts'
import { checkPolicy, defaultPolicy } from './policy/policy.ts'
import { libraryBytes } from './privileged/library.ts'
import { ShelfCache } from './recall/shelf-cache.ts'
import { openPool } from './store/connect.ts'
import { Doorways } from './store/doorways.ts'
import type { RunningEngine } from './store/engine.ts'
import { isStoreFailure, storeFailure } from './store/failure.ts'
import { install } from './store/install.ts'
import { Repeat } from './upkeep/repeat.ts'
import { retireKeys } from './upkeep/retire-keys.ts'
import { Upkeep, type UpkeepOptions } from './upkeep/upkeep.ts'
import { refuseFormerLine, WitnessedHead } from './upkeep/witnessed-head.ts'

/** At most so long a shelf is held that nobody reads, whatever the lease. */
const longestShelfMs = 15 * 60_000
const upkeepEveryMs = 60_000
/** Merge delays that an event may wait for its place in the log while the process still says that it is ready. */
const lagDelays = 12
/** An announcement of how long keys are held counts for a day. */
const announceEveryMs = 3_600_000

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
  const elsewhere = checkElsewhere(options.connectorsElsewhere, connectors)
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
    await refuseFormerLine({ doorways, keyring, seams })
    if (witness !== null) await new WitnessedHead({ doorways, keyring, seams }, witness).prove()
    const served = {
      ...{ policy, acceptsOldServer: settings.acceptOldServer, reads, mergeDelaySeconds },
      ...{ keepReadsDays: retention?.days ?? null, witness: witness?.name ?? null },
    }
    await announce(doorways, keyring, seams, served)
    const store = options.cache ?? inProcessCache({ clock: seams.clock })
    opened.push(() => store.close())
    const parts = kernelParts(options, { doorways, keyring, policy, seams, cache: new ForgivingStore(store) })
    if (upkeep !== null) giveWork(upkeep, parts)
    const leaseMs = options.holdKeysMs ?? defaultHoldMs
    const tidy = new Repeat(
      async () => parts.shelves.dropUnconfirmed(),
      tidyEveryMs(leaseMs),
      () => {},
    )
    opened.push(() => tidy.stop())
    const announced = { doorways, keyring, seams }
    await announceHold(announced, leaseMs)
    const hold = new Repeat(
      () => announceHold(announced, leaseMs),
      announceEveryMs,
      () => {},
    )
    opened.push(() => hold.stop())
    const ledger = options.erasureLedger ?? null
    const keep = new Keep(parts, upkeep, release, {
      connectors,
      elsewhere,
      leaseMs,
      keepsBackupsMs,
      ledger,
      witness: options.erasureWitness ?? null,
    })
    if (upkeep !== null) repeatUpkeep(upkeep, mergeDelayMs, opened)
    await keep.checkRestored()
    return keep
  } catch (error) {
    await release().catch(() => {})
    throw isStoreFailure(error) ? storeFailure(error) : error
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
    disclosures: new Disclosures(made.seams.clock),
    screening: checkScreening(options),
    embedder: options.embedder ?? null,
    formerEmbedder: checkFormer(options),
    languages: options.languages ?? null,
    tracer: options.tracer ?? null,
    rebuilders: checkRebuilders(options.rebuilders),
    libraryRebuilders: checkRebuilders(options.libraryRebuilders),
    supportNeedsSecond: options.supportNeedsSecond === true,
    shelves: new ShelfCache({ budgetBytes, longestMs: longestHeldMs(options), clock: made.seams.clock }),
  }
}

/** How often shelves are let go of that the database has not confirmed. */
function tidyEveryMs(leaseMs: number): number {
  return Math.min(upkeepEveryMs, leaseMs / 5)
}

/** So that at the next look it is not longer than the lease: an erasure waits for no more than that. */
function longestHeldMs({ holdKeysMs: leaseMs = defaultHoldMs }: KeepOptions): number {
  return Math.min(longestShelfMs, leaseMs - tidyEveryMs(leaseMs))
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
  parts: { keyring: Keyring; seams: Seams; mergeDelayMs: number } & Required<Omit<UpkeepOptions, 'mostLagMs'>>,
  opened: (() => Promise<void>)[],
): Promise<Upkeep | null> {
  if (settings.upkeep === null) return null
  const pool = openPool({ max: 2, ...settings.upkeep }, 'memkeep_upkeep', settings)
  opened.push(() => pool.end())
  const { keyring, seams, refused, mergeDelayMs, retention, witness } = parts
  const upkeep = new Upkeep(pool, keyring, seams, { refused, retention, witness, mostLagMs: mergeDelayMs * lagDelays })
  await upkeep.installKeys()
  return upkeep
}

/** What a pass of upkeep does beside the database's own: with the cache, with keys, and with what is made anew. */
function giveWork(upkeep: Upkeep, parts: KeepParts): void {
  upkeep.removesBy(
    (keys) => parts.cache.delete(keys),
    () => retireKeys(parts),
  )
  const kinds = Object.keys(parts.rebuilders ?? {})
  if (kinds.length > 0) upkeep.rebuildWith({ kinds, rebuild: (keys, due) => rebuild(parts, keys, due) })
  const { libraryRebuilders: rebuilders = {} } = parts
  if (Object.keys(rebuilders).length === 0) return
  const sourcesOf = (keys: TenantKeys, entry: string) => readContributed(parts, keys, entry)
  upkeep.rebuildEntriesWith({ rebuilders, sourcesOf, contentBytes: libraryBytes })
}

/** From now on, and not before the witness was asked. */
function repeatUpkeep(upkeep: Upkeep, mergeDelayMs: number, opened: (() => Promise<void>)[]): void {
  // A pass that fails is repeated a minute later. It is counted, and what matters of it (a token key missing) shows at the calls.
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
}

function poolConfig(database: string | pg.PoolConfig): pg.PoolConfig {
  return typeof database === 'string' ? { connectionString: database } : database
}
