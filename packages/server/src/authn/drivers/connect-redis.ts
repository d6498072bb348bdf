import { MemkeepError } from 'memkeep'

/**
 * A connection to Redis, for counts that several servers share. Its package is the deployment's to install. When Redis goes away
 * the connection is made anew in the background.
 */
export async function connectRedis(url: string) {
  const { createClient } = await import('@redis/client').catch(() => {
    throw new MemkeepError('ERR_INPUT_INVALID', 'redisUrl needs the package @redis/client: npm install @redis/client')
  })
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 5000 } })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'Redis cannot be reached', { cause: error, retryable: true })
  }
  return client
}
