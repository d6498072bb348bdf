import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, type FailureCode, unavailable } from './failure.ts'
import type { Layout } from './layout.ts'

/** A supervisor that was just started. */
export interface SpawnedSupervisor {
  /** Settles when it ends: null when it had nothing to do or did its work, else why it failed. */
  readonly end: Promise<Failure | null>
  /** Lets the calling process end while the supervisor lives on. */
  leave(): void
}

/** Starts a process that survives this one. It ends at once when the directory has a supervisor already. */
export function spawnSupervisor(layout: Layout, idleSeconds: number, mode: 'create' | 'existing'): SpawnedSupervisor {
  // This package runs from its sources in the workspace, and compiled where it is installed.
  const program = fileURLToPath(new URL(`./supervisor${extname(import.meta.url)}`, import.meta.url))
  const log = openSync(layout.log, 'a', 0o600)
  const { HOME, PATH, TMPDIR, XDG_CACHE_HOME } = process.env
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, layout.dir, String(idleSeconds), mode],
    { detached: true, cwd: '/', env: { HOME, PATH, TMPDIR, XDG_CACHE_HOME }, stdio: ['ignore', 'pipe', log] },
  )
  closeSync(log)
  const { promise, resolve } = Promise.withResolvers<Failure | null>()
  let told = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  child.once('error', (error) => resolve(unavailable('Cannot start the supervisor process.', error)))
  child.once('close', (code) => resolve(code === 1 ? readFailure(told) : null))
  const leave = () => {
    child.unref()
    child.stdout?.destroy()
  }
  return { end: promise, leave }
}

function readFailure(told: string): Failure {
  try {
    const { code, message } = JSON.parse(told) as { code: FailureCode; message: string }
    return new Failure(code, message)
  } catch {
    return unavailable('The supervisor process failed: see server.log in the data directory.')
  }
}
