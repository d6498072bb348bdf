import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Acknowledged, ChildOrder } from './writing-child.ts'

/** A process that writes until it dies, and what it was told is done. */
export class KilledChild {
  readonly acknowledged: Acknowledged[] = []
  readonly #process: ChildProcess
  readonly #exit: Promise<unknown[]>
  #errors = ''

  constructor(order: ChildOrder) {
    const program = join(import.meta.dirname, 'writing-child.ts')
    const args = ['--disable-warning=ExperimentalWarning', '--conditions=memkeep-src', program, JSON.stringify(order)]
    this.#process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#exit = once(this.#process, 'close')
    let rest = ''
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.acknowledged.push(JSON.parse(line))
    })
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
  }

  /** Resolves once so many calls were acknowledged (the beginning is the first). */
  async reached(count: number): Promise<void> {
    for (const end = Date.now() + 60_000; this.acknowledged.length < count; ) {
      if (Date.now() > end || this.#process.exitCode !== null)
        throw new Error(`the child came no further: ${this.#errors}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** Resolves when it was killed; throws when it ended otherwise. */
  async died(): Promise<void> {
    const [code, signal] = await this.#exit
    if (signal !== 'SIGKILL') throw new Error(`the child ended by itself (${code}): ${this.#errors}`)
  }
}
