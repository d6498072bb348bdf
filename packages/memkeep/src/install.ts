/**
 * Installing and inspecting the database: for administration, never for serving.
 * @module
 */
import type pg from 'pg'
import type { Witness } from './audit/witness.ts'
import { systemClock } from './core/clock.ts'
import { productionSeams, type Seams } from './core/seams.ts'
import { type UnopenedRecord, unopenedRecords } from './keys/inspect-records.ts'
import type { KeyProvider } from './keys/key-provider.ts'
import type { KeyStore } from './keys/key-store.ts'
import { Keyring } from './keys/keyring.ts'
import { openPool, refuseFatal } from './store/connect.ts'
import { Doorways } from './store/doorways.ts'
import { isStoreFailure, storeFailure } from './store/failure.ts'
import { type Finding, some } from './store/finding.ts'
import { inspectLogin } from './store/inspect.ts'
import { install, type LoginPasswords } from './store/install.ts'
import { installFirstTokenKeys } from './store/install-first-token-keys.ts'
import { judgeTransport } from './store/judge-facts.ts'
import { type LedgerPartSize, readLedgerSizes } from './store/ledger-sizes.ts'
import { withConnection } from './store/one-connection.ts'
import type { LoginRole } from './store/schema.ts'
import { verifyingKeys } from './store/token-keys.ts'
import { transportOf } from './store/transport.ts'
import { type Acceptance, type AcceptedRollback, acceptRollback as accept } from './upkeep/accept-rollback.ts'

export type { Acceptance, AcceptedRollback, Finding, LedgerPartSize, LoginPasswords, LoginRole }

export interface InstallOptions {
  /** A superuser, or a role with CREATEROLE that owns the database. */
  readonly admin: string | pg.ClientConfig
  readonly keys: KeyProvider
  readonly keyStore: KeyStore
  /** A login whose password is not given keeps the one it has. */
  readonly passwords?: LoginPasswords
  /** Applies functions, policies and grants anew although the schema says that it has them. */
  readonly again?: boolean
}

/**
 * Installs or upgrades the schema, then gives the database the token keys of the next 24 hours. `changed` is false when the
 * schema was this version's already. Run again after a failure, it completes what is missing. Throws `ERR_STORE_VERSION`
 * when the schema is newer than this code, `ERR_STORE_UNSAFE` when the connection would leave this machine without
 * verified TLS or the database holds another KeyStore's token keys, `ERR_STORE_UNAVAILABLE`.
 */
export async function installStore(options: InstallOptions): Promise<{ readonly changed: boolean }> {
  const { keys, keyStore, passwords = {}, again = false } = options
  const keyring = new Keyring({ provider: keys, store: keyStore, clock: systemClock, reach: () => {} })
  try {
    return await toldInCodes(async () => {
      const admin = clientConfig(options.admin)
      refuseFatal(judgeTransport(transportOf(admin)))
      const changed = await install(admin, passwords, { again })
      await installFirstTokenKeys(admin, await verifyingKeys((window) => keyring.tokenKey(window)))
      return Object.freeze({ changed })
    })
  } finally {
    keyring.close()
  }
}

/**
 * What the ledger takes and how it grows, from sizes and counters that any login may read. Throws
 * `ERR_STORE_UNAVAILABLE` or `ERR_STORE_UNSAFE` when it cannot get in.
 */
export async function ledgerSizes(database: string | pg.ClientConfig): Promise<readonly LedgerPartSize[]> {
  return toldInCodes(async () => {
    const settings = clientConfig(database)
    refuseFatal(judgeTransport(transportOf(settings)))
    return withConnection(settings, (client) => readLedgerSizes(client, systemClock.now()))
  })
}

export interface InspectOptions {
  readonly login: LoginRole
  /** How that login reaches the database. */
  readonly database: string | pg.ClientConfig
  /** True when Memkeep runs the server itself. Default false. */
  readonly embedded?: boolean
  readonly acceptOldServer?: boolean
}

/**
 * Everything that is wrong with one login and the database, as that login sees it; empty when nothing is. Changes nothing.
 * Does not connect when the connection would leave this machine without verified TLS: that is then the one finding.
 * Throws `ERR_STORE_UNAVAILABLE` or `ERR_STORE_UNSAFE` when the login cannot get in.
 */
export async function inspectStore(options: InspectOptions): Promise<readonly Finding[]> {
  const { login, embedded = false, acceptOldServer = false } = options
  return toldInCodes(async () => {
    const database = clientConfig(options.database)
    const tls = transportOf(database)
    const exposed = judgeTransport(tls)
    if (exposed.length > 0) return exposed
    return withConnection(database, (client) => inspectLogin(client, login, { embedded, acceptOldServer, tls }))
  })
}

/**
 * What of a key store does not open: `key-store-damaged` where nothing works without it, `tenant-keys-damaged` where one tenant
 * does not. Opens the records of all and of tenants; makes nothing, and changes nothing. Throws `ERR_KEY_UNAVAILABLE` when the store cannot be reached.
 */
export async function inspectKeyStore({
  keys,
  keyStore,
}: Pick<InstallOptions, 'keys' | 'keyStore'>): Promise<readonly Finding[]> {
  const { ofAll, ofTenants } = await unopenedRecords(keys, keyStore)
  const remedy =
    'stop every process, then put these records back from a backup of the key store that is as new as they are; never make them anew'
  const told = (code: string, unopened: readonly UnopenedRecord[], isFatal: boolean): Finding[] => {
    const names = some(unopened.map(({ record, code }) => `${record} (${code})`))
    const message = `records of the key store do not open: ${names}`
    return unopened.length === 0 ? [] : [{ code, message, remedy, fatal: isFatal }]
  }
  return [...told('key-store-damaged', ofAll, true), ...told('tenant-keys-damaged', ofTenants, false)]
}

export interface AcceptRollbackOptions extends Acceptance {
  /** As for `installStore`: nobody else can accept a rollback. */
  readonly admin: string | pg.ClientConfig
  /** How the login `memkeep_app` reaches the database. */
  readonly database: string | pg.ClientConfig
  readonly keys: KeyProvider
  readonly keyStore: KeyStore
  readonly witness: Witness
}

/**
 * Accepts a database that was set back behind what the witness saw, in an event: new logs begin, whose first leaves name the former
 * logs' heads (docs/ledger.md). Throws `ERR_INPUT_INVALID` when there is nothing to accept or `confirm` is another size than that of the head
 * given up; `ERR_STORE_UNSAFE` for one who is no administrator; `ERR_STORE_UNAVAILABLE`.
 */
export async function acceptRollback(options: AcceptRollbackOptions): Promise<AcceptedRollback> {
  const { keys, keyStore, witness, admin, database, ...acceptance } = options
  const { seams, keyring } = administration(keys, keyStore)
  const pool = openPool(clientConfig(database), 'memkeep_app', { embedded: false, acceptOldServer: true })
  try {
    return await toldInCodes(async () => {
      const settings = clientConfig(admin)
      refuseFatal(judgeTransport(transportOf(settings)))
      await installFirstTokenKeys(settings, await verifyingKeys((window) => keyring.tokenKey(window)))
      const doorways = new Doorways(pool, (window) => keyring.tokenKey(window), seams.clock, seams.ids)
      return await accept({ doorways, keyring, seams }, settings, witness, acceptance)
    })
  } finally {
    await pool.end()
    keyring.close()
  }
}

function administration(keys: KeyProvider, keyStore: KeyStore): { seams: Seams; keyring: Keyring } {
  const seams: Seams = productionSeams
  return { seams, keyring: new Keyring({ provider: keys, store: keyStore, clock: seams.clock, reach: seams.reach }) }
}

async function toldInCodes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isStoreFailure(error) ? storeFailure(error) : error
  }
}

function clientConfig(database: string | pg.ClientConfig): pg.ClientConfig {
  return typeof database === 'string' ? { connectionString: database } : database
}
