import { setTimeout as sleep } from 'node:timers/promises'
import { MemkeepError } from 'memkeep'

/** How long a start waits for the first connection. */
const firstMs = 2000

/**
 * A connection to Redis, for counts that several servers share. Its package is the deployment's to install. It is made in the background, and made anew
 * when Redis goes away; while there is none every command fails at once. `tell` hears a line where there is none after two seconds.
 */
export async function connectRedis(url: string, tell: (line: string) => void) {
  const { createClient } = await import('@redis/client').catch(() => {
    throw new MemkeepError('ERR_INPUT_INVALID', 'redisUrl needs the package @redis/client: npm install @redis/client')
  })
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 5000 } })
  let why = 'no answer'
  client.on('error', (error) => {
    why = labelOf(error)
  })
  // It goes on trying until the client is destroyed, whatever the reason.
  const connecting = client.connect().catch(() => {})
  await Promise.race([connecting, sleep(firstMs, undefined, { ref: false })])
  if (!client.isReady) tell(`Redis cannot be reached (${why}): until it can, this server counts rates by itself`)
  return client
}

/** `ECONNREFUSED`, `WRONGPASS`: never more, as a message can hold an address. */
function labelOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return /^[A-Z]{4,}\b/.exec(String(code ?? message))?.[0] ?? 'a failure'
}
