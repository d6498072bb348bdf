import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../packages/memkeep/bin/memkeep.js', import.meta.url))

/** `memkeep serve` in a process of its own, on a free port, without a model: what is measured is the server. */
export class ServerProcess {
  readonly url: URL
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: URL) {
    this.#child = child
    this.url = url
  }

  static async start(dir: string, settings: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const env = { ...process.env, MEMKEEP_EMBEDDER: 'none', MEMKEEP_LANGUAGES: 'none', ...settings }
    const args = [
      '--conditions=memkeep-src',
      '--disable-warning=ExperimentalWarning',
      bin,
      'serve',
      '--data',
      dir,
      '--port',
      '0',
    ]
    // Its log of requests goes nowhere, as its writing is part of the work and its keeping is not.
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    const url = await new Promise<URL>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        said += data
        const found = /listening on (http:\S+)/.exec(said)?.[1]
        if (found !== undefined) resolve(new URL(found))
      })
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
    })
    return new ServerProcess(child, url)
  }

  /** Bytes of its memory that are in use. */
  residentBytes(): number {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))![1]) * 1024
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      this.#child.kill('SIGTERM')
    })
  }
}
