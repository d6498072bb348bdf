import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { type Layout, layoutOf } from '../src/layout.ts'
import { runningProcesses } from '../src/process-list.ts'
import { readPostmaster, serverName, serverProcesses } from '../src/server-processes.ts'
import { findSocketDirectory, removeShortDirectory } from '../src/socket-directory.ts'
import { stopServer } from '../src/stop-server.ts'

/** A directory for one engine, with nothing in it; its server and itself are gone after the test. */
export function scratch(): Layout {
  const parent = mkdtempSync(join(tmpdir(), 'mke-'))
  const layout = layoutOf(join(parent, 'keep'))
  onTestFinished(async () => {
    await stopAll(layout)
    rmSync(parent, { recursive: true, force: true, maxRetries: 5 })
  })
  return layout
}

/** Ends what a test started in the directory: supervisors first, so that nobody starts the server anew. */
export async function stopAll(layout: Layout): Promise<void> {
  killAll(supervisors(layout))
  const socket = findSocketDirectory(layout)
  try {
    await stopServer(layout, serverName(layout))
  } catch {
    // There is no cluster.
  }
  if (socket) removeShortDirectory(layout, socket)
}

/** @returns pids of the directory's supervisors */
export function supervisors(layout: Layout): readonly number[] {
  return runningProcesses()
    .filter(({ args }) => /\/supervisor\.[jt]s$/.test(args[2] ?? '') && args[3] === layout.dir)
    .map(({ pid }) => pid)
}

/** @returns pids of the directory's server; empty before there is a cluster */
export function servers(layout: Layout): readonly number[] {
  try {
    return serverProcesses(serverName(layout))
  } catch {
    return []
  }
}

export function postmaster(layout: Layout): number {
  const pid = readPostmaster(layout)?.pid
  if (pid === undefined) throw new Error('no server')
  return pid
}

export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}

/** Polls until it holds. @param limit milliseconds */
export async function until(holds: () => boolean, limit = 15_000): Promise<void> {
  for (const end = Date.now() + limit; !holds(); await sleep(20)) {
    if (Date.now() > end) throw new Error(`Not within ${limit} ms: ${holds}`)
  }
}
