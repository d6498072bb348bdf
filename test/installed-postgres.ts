import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseEngine, LoginSettings, RunningEngine } from 'memkeep'
import { type Layout, layoutOf } from '../packages/embedded/src/layout.ts'
import { readPostmaster, serverName } from '../packages/embedded/src/server-processes.ts'
import { type ServerUser, serverUser } from '../packages/embedded/src/server-user.ts'

/**
 * A PostgreSQL made of the programs in `bin`, as a distribution configures it, in the empty directory `dir`: never as root, on
 * a Unix socket alone. It is started again when it dies, and stops when it is released.
 */
export function installedPostgres(bin: string, dir: string): DatabaseEngine {
  return { dir, start: () => new InstalledPostgres(bin, layoutOf(dir)).start() }
}

const port = 5432

class InstalledPostgres {
  readonly #bin: string
  readonly #layout: Layout
  readonly #user: ServerUser | null
  #process: ChildProcess | null = null
  #released = false

  constructor(bin: string, layout: Layout) {
    this.#bin = bin
    this.#layout = layout
    this.#user = serverUser(layout)
  }

  async start(): Promise<RunningEngine> {
    const password = randomBytes(16).toString('hex')
    this.#initialise(password)
    this.#spawn()
    await this.#ready()
    const settings = (user: string): LoginSettings => ({
      host: this.#layout.dir,
      port,
      database: 'postgres',
      user,
      password,
    })
    return {
      admin: settings('postgres'),
      app: settings('memkeep_app'),
      upkeep: settings('memkeep_upkeep'),
      release: () => this.#release(),
    }
  }

  #initialise(password: string): void {
    const secret = join(this.#layout.dir, 'password')
    writeFileSync(secret, password, { mode: 0o600 })
    if (this.#user !== null) {
      for (const path of [this.#layout.dir, secret]) chownSync(path, this.#user.uid, this.#user.gid)
    }
    const options = [
      '--username=postgres',
      `--pwfile=${secret}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
    ]
    execFileSync(join(this.#bin, 'initdb'), ['-D', this.#layout.data, ...options], { ...this.#how(), stdio: 'pipe' })
    rmSync(secret)
  }

  #spawn(): void {
    if (this.#released) return
    const log = openSync(this.#layout.log, 'a', 0o600)
    // Under the name that tests look for when they kill a server.
    const settings = [`cluster_name=${serverName(this.#layout).name}`, 'listen_addresses=', `port=${port}`]
    const args = ['-D', this.#layout.data, '-k', this.#layout.dir, ...settings.flatMap((each) => ['-c', each])]
    this.#process = spawn(join(this.#bin, 'postgres'), args, { ...this.#how(), stdio: ['ignore', log, log] })
    closeSync(log)
    this.#process.once('exit', () => setTimeout(() => this.#spawn(), 100))
  }

  async #ready(): Promise<void> {
    for (const giveUpAt = Date.now() + 30_000; !readPostmaster(this.#layout)?.ready; await sleep(20)) {
      if (Date.now() < giveUpAt) continue
      await this.#release()
      throw new Error(`PostgreSQL does not start:\n${readFileSync(this.#layout.log, 'utf8')}`)
    }
  }

  async #release(): Promise<void> {
    this.#released = true
    const running = this.#process
    if (running === null || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    // Fast: it does not wait for those who are connected.
    running.kill('SIGINT')
    await ended
  }

  #how() {
    return { cwd: this.#layout.dir, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' }, ...this.#user }
  }
}
