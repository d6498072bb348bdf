import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { hasSupervisor, markInUse } from './bookkeeping-locks.ts'
import { checkDirectory } from './check-directory.ts'
import { connectToServer } from './connect.ts'
import { type Failure, unavailable } from './failure.ts'
import type { Layout } from './layout.ts'
import { readSecrets } from './secrets.ts'
import { type SpawnedSupervisor, spawnSupervisor } from './spawn-supervisor.ts'

export interface Opening {
  readonly idleSeconds: number
  /** Whether a directory without a cluster gets one. */
  readonly create: boolean
}

/** Recovery after a crash can take a while; a server that needs longer is for a person to look at. */
const patience = 120_000
/** After this time without a server another supervisor is tried: the one that had the lock may have been killed. */
const retryAfter = 500

/**
 * Finds the directory's server, or has a supervisor start it.
 * @returns a connection that keeps the server up until it ends
 * @throws Failure when the directory is refused or the server does not start
 */
export async function openServer(layout: Layout, { idleSeconds, create }: Opening): Promise<Client> {
  checkDirectory(layout, create)
  const attempts: SpawnedSupervisor[] = []
  let failure: Failure | null = null
  let spawnAt = 0
  try {
    for (const end = Date.now() + patience; Date.now() < end; await sleep(15)) {
      const client = await takeHold(layout)
      if (client) return client
      if (failure) throw failure
      if (Date.now() < spawnAt) continue
      const attempt = spawnSupervisor(layout, idleSeconds, create ? 'create' : 'existing')
      attempts.push(attempt)
      spawnAt = Number.POSITIVE_INFINITY
      attempt.end.then((reason) => {
        failure = reason
        spawnAt = Date.now() + retryAfter
      })
    }
  } finally {
    for (const attempt of attempts) attempt.leave()
  }
  throw unavailable(`PostgreSQL did not become ready: see ${layout.log}.`)
}

/** Gives the server a supervisor when its own was killed. Never rejects. */
export async function ensureSupervisor(client: Client, layout: Layout, idleSeconds: number): Promise<void> {
  try {
    if (!(await hasSupervisor(client))) spawnSupervisor(layout, idleSeconds, 'existing').leave()
  } catch {
    // The server is gone, or its directory is.
  }
}

/** @returns null when there is no server, or none with a supervisor that would stop it one day */
async function takeHold(layout: Layout): Promise<Client | null> {
  const secrets = readSecrets(layout)
  const client = secrets && (await connectToServer(layout, secrets))
  if (!client) return null
  try {
    await markInUse(client)
    if (await hasSupervisor(client)) return client
  } catch {
    // The server is stopping.
  }
  await client.end().catch(() => {})
  return null
}
