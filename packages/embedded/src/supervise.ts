import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { binaries } from './binaries.ts'
import { announceSupervisor, closeToOpeners } from './bookkeeping-locks.ts'
import { hasCluster } from './check-directory.ts'
import { unavailable } from './failure.ts'
import { initCluster } from './init-cluster.ts'
import type { Layout } from './layout.ts'
import { memoryDatabase } from './logins.ts'
import { createSecrets, readSecrets, type Secrets } from './secrets.ts'
import { livePostmaster, serverName } from './server-processes.ts'
import { type ServerUser, serverUser } from './server-user.ts'
import { ensureSocketDirectory, removeShortDirectory, socketFile } from './socket-directory.ts'
import { reachServer, startServer } from './start-server.ts'
import { stopServer } from './stop-server.ts'

export interface Supervision {
  readonly idleSeconds: number
  /** Whether a directory without a cluster gets one. */
  readonly create: boolean
  /** Asked now and then; true stops the server although it is in use. */
  readonly ended: () => boolean
}

/**
 * Has a server in the directory until it is idle, or has died. Only the holder of the supervisor lock may call this.
 * @throws Failure when there can be no server
 */
export async function supervise(layout: Layout, task: Supervision): Promise<void> {
  const user = serverUser(layout)
  const secrets = await ensureCluster(layout, user, task.create)
  const server = serverName(layout)
  const directory = ensureSocketDirectory(layout, user)
  const alive = () => livePostmaster(layout, server) !== null
  let client: Client | null = await startServer(layout, secrets, directory, user)
  await prepareDatabases(client)
  while (client) {
    const done = await attend(client, directory, task)
    await client.end().catch(() => {})
    if (done) break
    // A killed backend cuts every connection, and PostgreSQL comes back by itself. A killed postmaster does not.
    client = await reachServer(layout, secrets, alive)
  }
  await stopServer(layout, server)
  removeShortDirectory(layout, directory)
}

async function ensureCluster(layout: Layout, user: ServerUser | null, create: boolean): Promise<Secrets> {
  const secrets = readSecrets(layout)
  if (hasCluster(layout)) {
    if (secrets) return secrets
    throw unavailable(`${layout.secrets} is missing, and the server opens to nothing else: put it back from a backup.`)
  }
  if (!create) throw unavailable('The data is gone.')
  const bin = binaries(user)
  const fresh = secrets ?? createSecrets(layout)
  await initCluster(layout, bin, fresh, user)
  return fresh
}

async function prepareDatabases(client: Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [memoryDatabase])
  if (rowCount === 0) await client.query(`create database ${memoryDatabase}`)
  await client.query('revoke connect on database postgres, template1 from public')
}

/** @returns true when the server is to stop, and then no opener can take hold of it; false when it was lost */
async function attend(client: Client, directory: string, task: Supervision): Promise<boolean> {
  const idleLimit = task.idleSeconds * 1000
  const pause = Math.min(1000, idleLimit / 4)
  try {
    await announceSupervisor(client)
    for (let busyAt = Date.now(); ; await sleep(pause)) {
      if (task.ended() || !existsSync(socketFile(directory))) return true
      if (await isBusy(client)) busyAt = Date.now()
      else if (Date.now() - busyAt >= idleLimit && (await closeToOpeners(client))) return true
    }
  } catch {
    return false
  }
}

async function isBusy(client: Client): Promise<boolean> {
  const sql = `select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1`
  const { rowCount } = await client.query(sql)
  return rowCount !== 0
}
