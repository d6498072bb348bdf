import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'

/** Another than the one on the PATH. */
const program = process.env.MEMKEEP_TEST_REDIS ?? 'redis-server'

/** `7.0.15`; null when Redis is not installed here. */
export const redisVersion: string | null = /v=(\S+)/.exec(String(spawnSync(program, ['--version']).stdout))?.[1] ?? null

/** For the name of a test that needs one. */
export const redisName = `Redis ${redisVersion ?? '(not installed)'}`

/** A real Redis on loopback, in memory alone, with a client on it. */
export class RedisServer implements AsyncDisposable {
  readonly url: string
  readonly #process: ChildProcess
  readonly #dir: string
  readonly client: ReturnType<typeof clientOf>

  private constructor(url: string, process: ChildProcess, dir: string) {
    this.url = url
    this.#process = process
    this.#dir = dir
    this.client = clientOf(url)
  }

  static async start(...settings: readonly string[]): Promise<RedisServer> {
    const dir = mkdtempSync(join(tmpdir(), 'mk-redis-'))
    const asked = settings.indexOf('--port')
    const port = asked === -1 ? await freePort() : Number(settings[asked + 1])
    const how = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      dir,
      ...settings,
    ]
    const started = spawn(program, how, { stdio: 'ignore' })
    const server = new RedisServer(`redis://127.0.0.1:${port}`, started, dir)
    await server.client.connect()
    return server
  }

  /** By SIGKILL: as a machine that is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }

  /** It takes connections and commands, and answers none, as a machine that hangs. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  resume(): void {
    this.#process.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.client.isOpen) this.client.destroy()
    await this.kill()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

/** Tries until the server listens. */
function clientOf(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: (tried) => (tried < 200 ? 25 : false) } })
  client.on('error', () => {})
  return client
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
