import { readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Layout } from './layout.ts'
import { type RunningProcess, runningProcesses } from './process-list.ts'

/**
 * The name that a server and each of its processes show, made of its data directory's identity: a process that was
 * given an old pid does not show it, nor does the server of a copied directory.
 */
export interface ServerName {
  readonly name: string
  readonly uid: number
}

/** What a server writes about itself into its data directory. Stale when the server was killed. */
export interface Postmaster {
  readonly pid: number
  /** Whether it said that it takes connections. */
  readonly ready: boolean
}

/** @throws when there is no data directory */
export function serverName(layout: Layout): ServerName {
  const { dev, ino, uid } = statSync(layout.data)
  return { name: `memkeep-${dev.toString(36)}-${ino.toString(36)}`, uid }
}

/** @returns null when no server has left its mark */
export function readPostmaster(layout: Layout): Postmaster | null {
  try {
    const lines = readFileSync(join(layout.data, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return Number.isInteger(pid) && pid > 1 ? { pid, ready: lines[7]?.trim() === 'ready' } : null
  } catch {
    return null
  }
}

/** @returns pids of the server's postmaster and backends, also of those that outlived a killed postmaster */
export function serverProcesses(server: ServerName): readonly number[] {
  return runningProcesses()
    .filter((found) => found.uid === server.uid && shows(found, server.name))
    .map(({ pid }) => pid)
}

/** @returns pid of the running postmaster, verified to be ours; null when there is none */
export function livePostmaster(layout: Layout, server: ServerName): number | null {
  const pid = readPostmaster(layout)?.pid
  return pid !== undefined && serverProcesses(server).includes(pid) ? pid : null
}

function shows({ args }: RunningProcess, name: string): boolean {
  const [program = '', ...rest] = args
  if (program.startsWith(`postgres: ${name}: `)) return true
  return basename(program) === 'postgres' && rest.includes(`cluster_name=${name}`)
}
