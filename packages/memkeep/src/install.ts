/**
 * Installing and inspecting the database: for administration, never for serving.
 * @module
 */
import type pg from 'pg'
import { systemClock } from './core/clock.ts'
import type { KeyProvider } from './keys/key-provider.ts'
import type { KeyStore } from './keys/key-store.ts'
import { Keyring } from './keys/keyring.ts'
import { refuseFatal } from './store/connect.ts'
import { isStoreFailure, storeFailure } from './store/failure.ts'
import { type Finding, inspectLogin } from './store/inspect.ts'
import { install, type LoginPasswords } from './store/install.ts'
import { installFirstTokenKeys } from './store/install-first-token-keys.ts'
import { judgeTransport } from './store/judge-facts.ts'
import { type LedgerPartSize, readLedgerSizes } from './store/ledger-sizes.ts'
import { withConnection } from './store/one-connection.ts'
import type { LoginRole } from './store/schema.ts'
import { verifyingKeys } from './store/token-keys.ts'
import { transportOf } from './store/transport.ts'

export type { Finding, LedgerPartSize, LoginPasswords, LoginRole }

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
