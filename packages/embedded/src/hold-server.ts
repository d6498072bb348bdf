import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningEngine } from 'memkeep'
import type { Client } from 'pg'
import { unavailable } from './failure.ts'
import type { Layout } from './layout.ts'
import { loginSettings } from './logins.ts'
import { ensureSupervisor, openServer } from './open-server.ts'
import { readSecrets } from './secrets.ts'
import { findSocketDirectory } from './socket-directory.ts'

/** Pauses between attempts to get a lost server back, in milliseconds; the last one repeats. */
const pauses = [200, 500, 1_000, 5_000, 30_000] as const
/** How often a holder looks whether somebody would stop the server after it, in milliseconds. */
const supervisorCheck = 5_000

/** Opens the server and holds it until `release()`, or until this process ends, however it ends. */
export async function holdServer(layout: Layout, idleSeconds: number): Promise<RunningEngine> {
  let held: Client | null = await openServer(layout, { idleSeconds, create: true })
  let released = false
  const watch = (client: Client): void => {
    // Holding a server must not keep the program running.
    keepAlive(client, false)
    const check = setInterval(() => void ensureSupervisor(client, layout, idleSeconds), supervisorCheck).unref()
    client.once('end', () => {
      clearInterval(check)
      held = null
      void revive()
    })
  }
  // Never makes a new cluster: a directory that was removed under a running program stays removed.
  const revive = async (): Promise<void> => {
    for (let attempt = 0; !released; attempt++) {
      await sleep(pauses[attempt] ?? pauses.at(-1), undefined, { ref: false })
      const client = released ? null : await openServer(layout, { idleSeconds, create: false }).catch(() => null)
      if (!client) continue
      if (released) return void client.end()
      held = client
      return watch(client)
    }
  }
  watch(held)
  const secrets = readSecrets(layout)
  const host = findSocketDirectory(layout)
  if (!secrets || !host) throw unavailable('The data directory was changed while it was opened.')
  return Object.freeze({
    admin: loginSettings('admin', host, secrets),
    app: loginSettings('app', host, secrets),
    upkeep: loginSettings('upkeep', host, secrets),
    release: async () => {
      released = true
      if (!held) return
      keepAlive(held, true)
      await ensureSupervisor(held, layout, idleSeconds)
      await held.end()
    },
  })
}

/** Whether the event loop waits for the connection. @types/pg does not know these two methods. */
function keepAlive(client: Client, waits: boolean): void {
  const socket = client as Client & { ref(): void; unref(): void }
  if (waits) socket.ref()
  else socket.unref()
}
