import { createClient, RESP_TYPES } from '@redis/client'
import type { AttemptOptions } from '../../core/attempts.ts'
import { Failure } from '../../core/failure.ts'
import type { Connector, ConnectorScope } from '../connector.ts'
import { checkedPrefixes, type Prefixes } from './prefixes.ts'

export interface RedisConnectorInput extends AttemptOptions {
  /** Default `redis`. */
  readonly name?: string
  /** `redis://user:password@host:6379/0`, of the primary. */
  readonly url: string
  /** What the scope's keys begin with: `({ tenant, subject }) => [subject === null ? `app:${tenant}:` : `app:${tenant}:${subject}:`]`. */
  readonly prefixes: Prefixes
}

/**
 * Keys of a Redis by what they begin with, whatever their type. Looks through the whole database for them, as Redis has no index of
 * keys. Refuses a cluster, of which one node does not tell what the others hold.
 */
export function redisConnector({ name = 'redis', url, prefixes: given, ...patience }: RedisConnectorInput): Connector {
  const prefixes = checkedPrefixes(given)

  const count = (scope: ConnectorScope, signal: AbortSignal): Promise<number> =>
    withClient(url, signal, async (client) => {
      // A scan may name a key twice.
      const names = new Set<string>()
      for await (const keys of keysOf(client, prefixes(scope), signal)) {
        for (const key of keys) names.add(key.toString('latin1'))
      }
      return names.size
    })

  return {
    name,
    patience,
    inventory: count,
    verify: count,
    erase: (scope, signal) =>
      withClient(url, signal, async (client) => {
        let removed = 0
        for await (const keys of keysOf(client, prefixes(scope), signal)) removed += await client.unlink(keys)
        return removed
      }),
  }
}

type Client = ReturnType<typeof openClient>

/** Names are bytes. */
function openClient(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: false } })
  // Without a listener a lost connection would end the process; the command under way fails with it.
  client.on('error', () => {})
  return client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
}

/** A connection for one call: erasures are rare. */
async function withClient<T>(url: string, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
  const client = openClient(url)
  const stop = (): void => client.destroy()
  try {
    await client.connect()
    signal.addEventListener('abort', stop, { once: true })
    signal.throwIfAborted()
    if (/cluster_enabled:1/.test(String(await client.info('cluster')))) {
      throw new Failure('this Redis is one node of a cluster', false)
    }
    return await work(client)
  } finally {
    signal.removeEventListener('abort', stop)
    if (client.isOpen) client.destroy()
  }
}

async function* keysOf(client: Client, prefixes: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer[]> {
  for (const prefix of prefixes) {
    const wanted = Buffer.from(prefix, 'utf8')
    let cursor = '0'
    do {
      signal.throwIfAborted()
      const found = await client.scan(cursor, { MATCH: `${globOf(prefix)}*`, COUNT: 1000 })
      cursor = String(found.cursor)
      // Whatever the pattern matched: nothing is touched that does not begin so.
      const keys = found.keys.filter((key) => key.subarray(0, wanted.length).equals(wanted))
      if (keys.length > 0) yield keys
    } while (cursor !== '0')
  }
}

/** The prefix as a pattern that matches itself alone. */
function globOf(prefix: string): string {
  return prefix.replaceAll(/[\\*?[\]]/g, '\\$&')
}
