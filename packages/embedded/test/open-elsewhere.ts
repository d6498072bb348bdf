import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RunningEngine } from 'memkeep'
import { onTestFinished } from 'vitest'
import type { Layout } from '../src/layout.ts'

/** Another process that holds a directory's server. */
export interface Opener {
  readonly child: ChildProcess
  /** Its logins. Rejects with what the program wrote to stderr when it ends before it has the server. */
  readonly opened: Promise<Omit<RunningEngine, 'release'>>
  release(): Promise<void>
}

export function openElsewhere(layout: Layout, idleSeconds = 1, options: SpawnOptions = {}): Opener {
  const program = fileURLToPath(new URL('./opener.ts', import.meta.url))
  const flags = ['--conditions=memkeep-src', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...flags, program, layout.dir, String(idleSeconds)], {
    ...options,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const { promise, resolve, reject } = Promise.withResolvers<Omit<RunningEngine, 'release'>>()
  let line = ''
  let complaint = ''
  child.stdout?.on('data', (text) => {
    line += text
    if (line.endsWith('\n')) resolve(JSON.parse(line))
  })
  child.stderr?.on('data', (text) => {
    complaint += text
  })
  child.once('close', () => reject(new Error(`The opener ended: ${complaint}`)))
  // A test that kills the opener need not wait for it.
  promise.catch(() => {})
  return { child, opened: promise, release: () => release(child) }
}

async function release(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.stdin?.write('release\n')
  await closed
}
