import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, RESP_TYPES } from '@redis/client'
import { MemkeepError } from '../../core/errors.ts'
import type { CacheStore } from '../cache-store.ts'

export interface RedisCacheInput {
  /** `redis://user:password@host:6379/0`; `rediss:` for TLS. */
  readonly url: string
  /** What every key begins with. Default `memkeep:cache:`. */
  readonly prefix?: string
  /** The longest that one command may take. Default 500: a cache that is slower is no help. */
  readonly timeoutMs?: number
}

/**
 * A cache in Redis, shared by every process that is given it. Connects when it is first used, and again after it was lost; a
 * command that cannot be sent fails at once.
 */
export function redisCache({ url, prefix = 'memkeep:cache:', timeoutMs = 500 }: RedisCacheInput): CacheStore {
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'timeoutMs must be a whole number from 1')
  }
  const client = openClient(url, timeoutMs)
  let connecting: Promise<unknown> | null = null

  /** The client goes on trying; nobody waits for it longer than for a command. */
  const connected = async () => {
    connecting ??= client.connect()
    if (!client.isReady) await Promise.race([connecting, late(timeoutMs)])
    return client
  }

  /** The client's own time for a command ends when that is sent: from then on a Redis that hangs would be waited for. */
  const answered = async <T>(command: (to: typeof client) => Promise<T>): Promise<T> =>
    Promise.race([command(await connected()), late(timeoutMs)])

  return {
    name: 'redis',
    get: (key) => answered((to) => to.get(prefix + key)),
    async set(key, value, ttlMs) {
      const expiration = { type: 'PX', value: ttlMs } as const
      await answered((to) => to.set(prefix + key, Buffer.from(value), { expiration }))
    },
    async delete(keys) {
      if (keys.length > 0) await answered((to) => to.unlink(keys.map((key) => prefix + key)))
    },
    async close() {
      if (client.isOpen) client.destroy()
    },
  }
}

async function late(ms: number): Promise<never> {
  await sleep(ms, undefined, { ref: false })
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'Redis cannot be reached', { retryable: true })
}

function openClient(url: string, timeoutMs: number) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: timeoutMs, reconnectStrategy: (tried) => Math.min(50 * 2 ** tried, 5_000) },
    commandOptions: { timeout: timeoutMs },
  })
  // Without a listener a lost connection would end the process; commands under way fail with it.
  client.on('error', () => {})
  return client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
}
