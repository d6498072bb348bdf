import { sep } from 'node:path'
import type pg from 'pg'
import type { Rebuilders } from './artifacts/rebuilder.ts'
import type { AuditOptions } from './audit/audit-options.ts'
import type { Witness } from './audit/witness.ts'
import type { CacheStore } from './cache/cache-store.ts'
import type { Connector } from './connectors/connector.ts'
import { checkWholeNumbers } from './core/check-whole-numbers.ts'
import { MemkeepError } from './core/errors.ts'
import type { Tools } from './core/labels.ts'
import type { Limits } from './core/limits.ts'
import type { Seams } from './core/seams.ts'
import type { Tracer } from './core/tracer.ts'
import type { ErasureLedger } from './erasure/erasure-ledger.ts'
import type { KeyProvider } from './keys/key-provider.ts'
import type { KeyStore } from './keys/key-store.ts'
import { modelName } from './memory/index-of.ts'
import type { Policy } from './policy/policy.ts'
import type { Embedder } from './recall/embedder.ts'
import type { Languages } from './recall/languages.ts'
import type { Distiller } from './screening/distiller.ts'
import type { ScreenPolicy } from './screening/judge.ts'
import type { Screener } from './screening/screener.ts'
import type { DatabaseEngine } from './store/engine.ts'
import { realPath } from './store/real-path.ts'

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
  /**
   * Names of connectors that other processes of the deployment were opened with and this one is not: an erasure that is asked for here plans them too, and stays open until one of those processes
   * has emptied them. Default none.
   */
  readonly connectorsElsewhere?: readonly string[]
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
  /** How long a screener or the distiller has for one text, in milliseconds, before it counts as failed there: at most an hour. Default 30,000. */
  readonly screeningTimeoutMs?: number
  /**
   * Address for the login `memkeep_upkeep`: upkeep then runs in this process. Not needed with an engine, which brings it;
   * without either, another process must run it, or calls are refused within a day.
   */
  readonly upkeep?: string | pg.PoolConfig
  /** Serve from a server that lacks the newest security fixes. */
  readonly acceptOldServer?: boolean
  /** How the ledger is written. Default: every event durable before the answer. */
  readonly audit?: AuditOptions
  /** The most that opened shelves may take in memory, in bytes: from 1. Default 256 MiB. */
  readonly shelfBudgetBytes?: number
  /** The longest time a key stays open, in milliseconds: at most a day. An erasure waits for the longest of all processes. Default 300,000. */
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
  /**
   * Who remembers the erasure ledger's head (see `audit.witness`): one that was cut off or replaced is refused with `ERR_STORE_ROLLED_BACK`, also when database and
   * key store were set back with it, and nothing is deleted before it has seen the line. A service must be told `keep.erasureLedgerKey()`.
   */
  readonly erasureWitness?: Witness
  /** OpenTelemetry's (or one of its shape): each call on a memory becomes a span that carries the tenant's tag. */
  readonly tracer?: Tracer
  /** Where `memory.cache` keeps its values, sealed: `redisCache` of `memkeep/cache/redis`. Default: 16 MiB of this process. Closed with the keep. */
  readonly cache?: CacheStore
  /**
   * By the kind of artifact that each makes anew when one of its sources has gone. Run by the upkeep of this process; without one for
   * its kind, such an artifact stays hidden.
   */
  readonly rebuilders?: Rebuilders
  /**
   * As `rebuilders`, for entries of the deployment's library, and for nothing else: what they make is read by every tenant, of several tenants'
   * memories and without anybody's look at it. Without one for its kind, such an entry stays hidden.
   */
  readonly libraryRebuilders?: Rebuilders
  /** True: support access (`privileged(grant).breakGlass`) opens nothing before a second person has agreed to it. Default false. */
  readonly supportNeedsSecond?: boolean
  /** For tests and the simulator. */
  readonly seams?: Partial<Seams>
}

const optionNames: Record<keyof KeepOptions, true> = {
  database: true,
  keys: true,
  keyStore: true,
  embedder: true,
  formerEmbedder: true,
  connectors: true,
  connectorsElsewhere: true,
  languages: true,
  policy: true,
  limits: true,
  tools: true,
  screener: true,
  screening: true,
  distiller: true,
  episodeDays: true,
  screeningTimeoutMs: true,
  upkeep: true,
  acceptOldServer: true,
  audit: true,
  shelfBudgetBytes: true,
  holdKeysMs: true,
  keepsBackupsDays: true,
  erasureLedger: true,
  erasureWitness: true,
  tracer: true,
  rebuilders: true,
  libraryRebuilders: true,
  cache: true,
  supportNeedsSecond: true,
  seams: true,
}

/** A misspelt option would silently leave its default, and `policy` or `limits` must not be left so. */
export function checkOptions(options: KeepOptions): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(optionNames, name))
      throw new MemkeepError('ERR_INPUT_INVALID', 'openMemkeep has an unknown option')
  }
  const { shelfBudgetBytes, acceptOldServer, supportNeedsSecond } = options
  checkWholeNumbers({ shelfBudgetBytes }, 1)
  for (const [name, value] of Object.entries({ acceptOldServer, supportNeedsSecond })) {
    if (value !== undefined && typeof value !== 'boolean')
      throw new MemkeepError('ERR_INPUT_INVALID', `${name} must be true or false`)
  }
}

export function checkFormer({ embedder, formerEmbedder }: KeepOptions): Embedder | null {
  if (formerEmbedder === undefined) return null
  if (embedder === undefined || modelName(embedder) === modelName(formerEmbedder)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'formerEmbedder needs an embedder of another model beside it')
  }
  return formerEmbedder
}

export function isEngine(database: KeepOptions['database']): database is DatabaseEngine {
  return typeof database === 'object' && typeof (database as DatabaseEngine).start === 'function'
}

/** Keys that lie beside the data are in its every copy, and then a stolen copy opens itself. */
export function refuseKeysBesideData({ database, keys, keyStore, audit, erasureWitness }: KeepOptions): void {
  if (!isEngine(database)) return
  const data = realPath(database.dir) + sep
  for (const place of [keyStore.dir, keys.file]) {
    if (place !== undefined && (realPath(place) + sep).startsWith(data)) {
      throw new MemkeepError('ERR_STORE_UNSAFE', "keys lie under the database's directory")
    }
  }
  for (const place of [audit?.coldTier?.dir, audit?.witness?.file, erasureWitness?.file]) {
    if (place !== undefined && (realPath(place) + sep).startsWith(data)) {
      throw new MemkeepError(
        'ERR_STORE_UNSAFE',
        "the cold tier or the witness lies under the database's directory, and goes with it",
      )
    }
  }
}
