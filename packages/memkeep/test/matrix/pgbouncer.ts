import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { loginPasswords, type TestDatabase } from '../../../../test/database.ts'
import { layoutOf } from '../../../embedded/src/layout.ts'
import { type ServerUser, serverUser } from '../../../embedded/src/server-user.ts'
import { run } from '../store/private-server.ts'
import { openWire, type Wire } from '../store/wire.ts'

/** Another than the one on the PATH. */
const program = process.env.MEMKEEP_TEST_PGBOUNCER ?? 'pgbouncer'
// Debian puts it where a plain user's PATH does not lead.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }

/** `1.18.0`; null when PgBouncer is not installed here. */
export const pgBouncerVersion: string | null =
  /^PgBouncer (\S+)/.exec(String(spawnSync(program, ['--version'], { env }).stdout))?.[1] ?? null

/** For the name of a test that needs one. */
export const pgBouncerName = `PgBouncer ${pgBouncerVersion ?? '(not installed)'}`

/** Lines for `[pgbouncer]`. */
export type PgBouncerSettings = Readonly<Record<string, string | number>>

/** What docs/install.md says that belongs into `[pgbouncer]`. */
export function documentedSettings(): PgBouncerSettings {
  const page = readFileSync(new URL('../../../../docs/install.md', import.meta.url), 'utf8')
  const block = /^\[pgbouncer\]\n([\s\S]*?)^```/m.exec(page)?.[1] ?? ''
  return Object.fromEntries([...block.matchAll(/^(\w+) = (.*)$/gm)].map(([, name, value]) => [name!, value!]))
}

export interface PgBouncerOptions {
  readonly settings?: PgBouncerSettings
  /** More of the line that leads to the server, such as `user=somebody`. */
  readonly route?: string
}

/** A real PgBouncer in transaction mode before one server, whatever the database, on a Unix socket of its own. */
export class PgBouncer {
  readonly #dir: string
  readonly #user: ServerUser | null
  readonly #wire: Wire
  #process: ChildProcess | null = null

  private constructor(dir: string, user: ServerUser | null, wire: Wire) {
    this.#dir = dir
    this.#user = user
    this.#wire = wire
  }

  /** What the settings leave out is as PgBouncer has it. */
  static async before(server: pg.ClientConfig, options: PgBouncerOptions = {}): Promise<PgBouncer> {
    const dir = mkdtempSync(join(tmpdir(), 'mk-bouncer-'))
    const user = serverUser(layoutOf(dir))
    // The directory of an embedded server's socket keeps every other user out, and PgBouncer does not run as root.
    const wire = await openWire(server)
    const logins = Object.entries(loginPasswords).map(([login, password]) => `"memkeep_${login}" "${password}"\n`)
    writeFileSync(join(dir, 'users'), logins.join(''))
    writeFileSync(join(dir, 'ini'), configuration(dir, wire, options))
    if (user !== null) for (const path of ['', 'users', 'ini']) chownSync(join(dir, path), user.uid, user.gid)
    const bouncer = new PgBouncer(dir, user, wire)
    await bouncer.start()
    return bouncer
  }

  /** Also after it was killed. */
  async start(): Promise<void> {
    const how = { env, stdio: 'ignore', ...this.#user } as const
    const started = spawn(program, ['--quiet', join(this.#dir, 'ini')], how)
    this.#process = started
    for (const giveUpAt = Date.now() + 10_000; !(await this.#listens()); await sleep(20)) {
      if (started.exitCode === null && Date.now() < giveUpAt) continue
      const log = this.log()
      await this.stop()
      throw new Error(`PgBouncer does not listen:\n${log}`)
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#process
    if (running === null || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill(signal)
    await ended
  }

  log(): string {
    return readFileSync(join(this.#dir, 'log'), 'utf8')
  }

  async stop(): Promise<void> {
    await this.kill('SIGTERM')
    await this.#wire.close()
    rmSync(this.#dir, { recursive: true, force: true })
  }

  /** The same login and database, through PgBouncer. */
  through(settings: pg.ClientConfig): pg.ClientConfig {
    return { ...settings, host: this.#dir, port }
  }

  /** The same database, with both logins through PgBouncer. */
  throughBoth(database: TestDatabase): TestDatabase {
    return { ...database, app: this.through(database.app), upkeep: this.through(database.upkeep) }
  }

  /** How many clients one login has in a database, and how many connections to the server they share. */
  async pool({ user, database }: pg.ClientConfig): Promise<{ clients: number; servers: number }> {
    const login = {
      host: this.#dir,
      port,
      user: 'memkeep_upkeep',
      password: loginPasswords.upkeep,
      database: 'pgbouncer',
    }
    const pools = await run<Record<string, string>>(login, 'show pools')
    const found = pools.find((each) => each.user === user && each.database === database) ?? {}
    const sum = (prefix: string) =>
      Object.entries(found).reduce((all, [name, count]) => all + (name.startsWith(prefix) ? Number(count) : 0), 0)
    return { clients: sum('cl_'), servers: sum('sv_') }
  }

  async #listens(): Promise<boolean> {
    const socket = connect(join(this.#dir, `.s.PGSQL.${port}`))
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }
}

const port = 6432

function configuration(dir: string, { host, port: at }: Wire, { settings = {}, route = '' }: PgBouncerOptions): string {
  const lines = {
    pool_mode: 'transaction',
    listen_port: port,
    unix_socket_dir: dir,
    auth_type: 'scram-sha-256',
    auth_file: join(dir, 'users'),
    stats_users: 'memkeep_upkeep',
    logfile: join(dir, 'log'),
    ...settings,
  }
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`)
  return `[databases]\n* = host=${host} port=${at} ${route}\n[pgbouncer]\n${text.join('')}`
}
