import pg from 'pg'
import { MemkeepError } from '../core/errors.ts'
import { type Finding, inspectConnection, inspectLogin } from './inspect.ts'
import { judgeTransport } from './judge-facts.ts'
import type { LoginRole } from './schema.ts'
import { transportOf } from './transport.ts'

export interface PoolOptions {
  /** True when Memkeep runs the server itself. */
  readonly embedded: boolean
  /** True when the operator accepts a server without the newest security fixes. */
  readonly acceptOldServer?: boolean
  /** Told of every whole inspection that passed, with what it found that is not fatal. */
  readonly onInspected?: (findings: readonly Finding[]) => void
}

/**
 * A pool of one login's connections. No connection is handed out before it was inspected: whole on the first one of a
 * server (and after the server was restarted or replaced), in short on every other. A caller that asks for a connection is
 * rejected with `ERR_STORE_UNSAFE` or `ERR_STORE_VERSION` on a fatal finding, and with the driver's own error when the
 * server cannot be reached (see `storeFailure`). bigint becomes a number, and one beyond 2^53 an error. A lost idle
 * connection is no error: the next call opens another. Opens nothing until it is used.
 * @throws MemkeepError `ERR_STORE_UNSAFE`, before anything is sent, when the settings leave this machine without verified
 *   TLS: a server in the middle could ask for the password in the clear.
 */
export function openPool(settings: pg.PoolConfig, login: LoginRole, options: PoolOptions): pg.Pool {
  const inspect = inspector(settings, login, options)
  const pool = new pg.Pool({
    max: 10,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // A new one is inspected, and plans each call anew: those that a burst needed are still there for the next one.
    idleTimeoutMillis: 300_000,
    // They keep no program running that has nothing else to do.
    allowExitOnIdle: true,
    ...settings,
    types: { getTypeParser },
    verify: (client, done) => {
      inspect(client).then(() => done(), done)
    },
  })
  // The pool takes its own listener off a connection while it verifies it and while somebody has it; one lost then fails
  // the query that runs, and must not be an uncaught error besides.
  pool.on('connect', (client) => client.on('error', () => {}))
  // The pool has dropped the lost connection already, but an error without a listener would end the process.
  pool.on('error', () => {})
  return pool
}

const direct = new WeakSet<pg.ClientBase>()

/**
 * True when this inspected connection has a server process to itself. A transaction pooler gives out a made-up process id,
 * and behind it a prepared statement is anybody's who logs in there: another could plant one under a name that we use, and
 * be handed our token.
 */
export function isDirect(client: pg.ClientBase): boolean {
  return direct.has(client)
}

function inspector(
  settings: pg.PoolConfig,
  login: LoginRole,
  options: PoolOptions,
): (client: pg.ClientBase) => Promise<void> {
  const { embedded, acceptOldServer = false, onInspected } = options
  const server = { embedded, acceptOldServer, tls: transportOf(settings) }
  refuseFatal(judgeTransport(server.tls))
  let inspected: string | null = null
  return async (client) => {
    const { facts, findings } = await inspectConnection(client, login)
    if (facts.backend === (client as unknown as { processID: number }).processID) {
      direct.add(client)
      // Doorways are many small statements. Where the planner takes one for a large one, as in tables without statistics, compiling it takes far
      // longer than running it. Behind a pooler this would be somebody else's setting (docs/install.md).
      await client.query('set jit = off')
    }
    if (findings.length === 0 && facts.serverStarted === inspected) return
    const all = await inspectLogin(client, login, server)
    refuseFatal(all)
    inspected = facts.serverStarted
    onInspected?.(all)
  }
}

/** Throws the error that fatal findings amount to; returns when there are none. */
export function refuseFatal(findings: readonly Finding[]): void {
  const fatal = findings.filter((finding) => finding.fatal)
  if (fatal.length === 0) return
  const versionOnly = fatal.every((finding) => finding.code === 'schema-version')
  const text = fatal.map(({ code, message, remedy }) => `${code}: ${message} (${remedy})`).join('; ')
  throw new MemkeepError(
    versionOnly ? 'ERR_STORE_VERSION' : 'ERR_STORE_UNSAFE',
    `refused to work with the database: ${text}`,
  )
}

const int8 = pg.types.builtins.INT8

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === int8 && format !== 'binary') return safeInteger
  return pg.types.getTypeParser(oid, format as 'text')
}

function safeInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new MemkeepError('ERR_STORE_UNSAFE', 'the database answered with a number beyond 2^53')
}
