import { setTimeout as sleep } from 'node:timers/promises'
import type { Layout } from './layout.ts'
import { livePostmaster, type ServerName, serverProcesses } from './server-processes.ts'

/**
 * Ends every process of the server: cleanly, then without a checkpoint (the next start recovers), then by force. Also
 * ends backends that outlived a killed postmaster. Never signals a process that does not show the server's name.
 */
export async function stopServer(layout: Layout, server: ServerName): Promise<void> {
  const postmaster = livePostmaster(layout, server)
  if (postmaster !== null) signal([postmaster], 'SIGINT')
  if (await gone(server, postmaster === null ? 1_000 : 30_000)) return
  signal(serverProcesses(server), 'SIGQUIT')
  if (await gone(server, 5_000)) return
  signal(serverProcesses(server), 'SIGKILL')
  await gone(server, 5_000)
}

async function gone(server: ServerName, milliseconds: number): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(20)) {
    if (serverProcesses(server).length === 0) return true
  }
  return false
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It ended by itself in between.
    }
  }
}
