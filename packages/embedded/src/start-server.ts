import { renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { binaries } from './binaries.ts'
import { connectToServer } from './connect.ts'
import { unavailable } from './failure.ts'
import type { Layout } from './layout.ts'
import { runAsServer } from './run-as-server.ts'
import type { Secrets } from './secrets.ts'
import { livePostmaster, readPostmaster, type ServerName, serverName } from './server-processes.ts'
import { serverSettings } from './server-settings.ts'
import type { ServerUser } from './server-user.ts'
import { socketFile } from './socket-directory.ts'
import { stopServer } from './stop-server.ts'

/** A server that says it is ready and takes no connection for this long has lost its socket. */
const refusalLimit = 10_000
/** Bytes of log after which the next start begins a new one; one old log is kept. */
const logLimit = 8 * 1024 * 1024

/**
 * Connects to the server, adopting a running one, else starting it. Only the holder of the supervisor lock may call this.
 * @param socketDirectory absolute path, made by `ensureSocketDirectory`
 * @throws Failure when the server does not start
 */
export async function startServer(
  layout: Layout,
  secrets: Secrets,
  socketDirectory: string,
  user: ServerUser | null,
): Promise<Client> {
  const server = serverName(layout)
  const adopted = await reachServer(layout, secrets, () => livePostmaster(layout, server) !== null)
  if (adopted) return adopted
  await stopServer(layout, server)
  forgetKilledServer(layout, server, socketDirectory)
  turnLog(layout)
  const child = runAsServer(
    {
      program: join(binaries(user), 'postgres'),
      directories: [layout.data, socketDirectory],
      args: (data = '', socket = '') => ['-D', data, ...serverSettings(server.name, socket)],
      log: layout.log,
    },
    user,
  )
  child.once('error', () => {})
  const alive = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const started = await reachServer(layout, secrets, alive)
  if (started) return started
  throw unavailable(`PostgreSQL did not start: see ${layout.log}.`)
}

/** @returns null when the server ends, or cannot be reached although it is ready */
export async function reachServer(layout: Layout, secrets: Secrets, alive: () => boolean): Promise<Client | null> {
  let readySince: number | null = null
  for (; alive(); await sleep(20)) {
    const client = await connectToServer(layout, secrets)
    if (client) return client
    readySince = readPostmaster(layout)?.ready ? (readySince ?? Date.now()) : null
    if (readySince !== null && Date.now() - readySince > refusalLimit) return null
  }
  return null
}

/**
 * PostgreSQL refuses to start when the pid that a killed server left behind is still taken: by another program, or by its
 * own zombie in a container whose first process reaps nobody.
 */
function forgetKilledServer(layout: Layout, server: ServerName, socketDirectory: string): void {
  if (livePostmaster(layout, server) !== null) return
  const socket = socketFile(socketDirectory)
  for (const path of [join(layout.data, 'postmaster.pid'), socket, `${socket}.lock`]) rmSync(path, { force: true })
}

function turnLog(layout: Layout): void {
  const size = statSync(layout.log, { throwIfNoEntry: false })?.size ?? 0
  if (size > logLimit) renameSync(layout.log, `${layout.log}.1`)
}
