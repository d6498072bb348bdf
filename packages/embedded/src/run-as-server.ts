import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { unavailable } from './failure.ts'
import type { ServerUser } from './server-user.ts'

/** A PostgreSQL program to run. */
export interface ServerProgram {
  readonly program: string
  /** Directories that it works in, by absolute path. */
  readonly directories: readonly string[]
  /** @param seen the directories as the program sees them */
  readonly args: (...seen: string[]) => readonly string[]
  /** File that takes its output. */
  readonly log: string
}

/**
 * Starts a program as the server's OS user. That user often cannot walk to the directories (root's clone under a 0700
 * home), so on Linux it is given open ones, which it reaches as /proc/self/fd/N whatever lies above them.
 * @param user null for the calling user
 */
export function runAsServer(task: ServerProgram, user: ServerUser | null): ChildProcess {
  const handing = user !== null && process.platform === 'linux'
  const directories = handing ? task.directories.map((path) => openSync(path, 'r')) : []
  const seen = handing ? directories.map((_, index) => `/proc/self/fd/${3 + index}`) : task.directories
  const log = openSync(task.log, 'a', 0o600)
  try {
    return spawn(task.program, task.args(...seen), {
      ...user,
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', log, log, ...directories],
    })
  } finally {
    for (const file of [log, ...directories]) closeSync(file)
  }
}

/** Waits for a program's end. @throws Failure unless it exits with 0 */
export async function succeeded(child: ChildProcess, name: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.once('error', (error) => reject(unavailable(`Cannot run ${name}.`, error)))
  child.once('exit', (code, signal) => {
    if (code === 0) resolve()
    else reject(unavailable(`${name} failed (${signal ?? `exit ${code}`}): see server.log in the data directory.`))
  })
  await promise
}
