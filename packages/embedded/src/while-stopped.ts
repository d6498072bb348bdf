import { setTimeout as sleep } from 'node:timers/promises'
import { checkDirectory, hasCluster } from './check-directory.ts'
import { unavailable } from './failure.ts'
import { holdLock } from './hold-lock.ts'
import type { Layout } from './layout.ts'
import { serverName } from './server-processes.ts'
import { stopServer } from './stop-server.ts'

const patience = 60_000

/**
 * Stops the directory's server cleanly and works while no process can start it again. Programs that hold the server get it
 * back afterwards; their calls meanwhile fail as those to a lost server do.
 * @throws Failure when there is no cluster, or the server does not stop
 */
export async function whileStopped<T>(layout: Layout, work: () => T | Promise<T>): Promise<T> {
  checkDirectory(layout, false)
  if (!hasCluster(layout)) throw unavailable(`There is no database in ${layout.dir}.`)
  const release = await stopAndLock(layout)
  try {
    return await work()
  } finally {
    await release()
  }
}

/** Whoever holds the server starts another supervisor when it stops: of the two, this one may be the slower. */
async function stopAndLock(layout: Layout): Promise<() => Promise<void>> {
  const server = serverName(layout)
  for (const end = Date.now() + patience; Date.now() < end; await sleep(20)) {
    await stopServer(layout, server)
    const release = await holdLock(layout)
    if (release === null) continue
    // It may have been started between the two. Under the lock nobody starts another.
    await stopServer(layout, server)
    return release
  }
  throw unavailable(`PostgreSQL in ${layout.dir} could not be stopped: see ${layout.log}.`)
}
