import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CacheStore } from '../../src/cache/cache-store.ts'
import { redisCache } from '../../src/cache/drivers/redis.ts'
import { inProcessCache } from '../../src/cache/in-process.ts'
import { deadAddress } from '../connectors/stand-ins/loopback-server.ts'
import { HandClock } from '../support/hand-clock.ts'
import { RedisServer, redisName, redisVersion } from '../support/redis-server.ts'

const key = (n: number) => n.toString(16).padStart(32, '0')
const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, n) => n))

/** What a store of the cache promises; `wait` lets time pass for it. */
async function keepsItsPromises(store: CacheStore, wait: (ms: number) => Promise<unknown>): Promise<void> {
  expect(store.name).toMatch(/^[a-z0-9-]{1,64}$/)
  expect(await store.get(key(1))).toBeNull()
  await store.set(key(1), bytes, 60_000)
  await store.set(key(2), Buffer.from('two'), 60_000)
  expect(Buffer.from((await store.get(key(1)))!)).toEqual(bytes)
  await store.set(key(1), Buffer.from('again'), 60_000)
  expect(Buffer.from((await store.get(key(1)))!)).toEqual(Buffer.from('again'))
  await store.delete([key(1), key(9)])
  await store.delete([])
  expect(await store.get(key(1))).toBeNull()
  expect(Buffer.from((await store.get(key(2)))!)).toEqual(Buffer.from('two'))
  await store.set(key(3), bytes, 50)
  await wait(100)
  expect(await store.get(key(3))).toBeNull()
}

describe('in process', () => {
  const clock = new HandClock()

  test('keeps what a store promises', () =>
    keepsItsPromises(inProcessCache({ clock }), async (ms) => clock.advance(ms)))

  test('stays within its bytes: what was used longest ago makes room, what does not fit is not kept', async () => {
    const store = inProcessCache({ clock, maxBytes: 1_000 })
    for (const n of [1, 2, 3]) await store.set(key(n), Buffer.alloc(100), 60_000)
    await store.get(key(1))
    await store.set(key(4), Buffer.alloc(100), 60_000)
    expect(await store.get(key(2))).toBeNull()
    for (const n of [1, 3, 4]) expect(await store.get(key(n))).not.toBeNull()
    await store.set(key(5), Buffer.alloc(900), 60_000)
    expect(await store.get(key(5))).toBeNull()
    expect(await store.get(key(1))).not.toBeNull()
  })
})

describe.skipIf(redisVersion === null)(redisName, () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  test('keeps what a store promises', async () => {
    const store = redisCache({ url: redis.url })
    await keepsItsPromises(store, (ms) => new Promise((resolve) => setTimeout(resolve, ms)))
    expect(await redis.client.keys('*')).toEqual([`memkeep:cache:${key(2)}`])
    await store.close()
  })

  test('one that cannot be reached fails, and does not hang', async () => {
    const store = redisCache({ url: (await deadAddress()).replace('http', 'redis'), timeoutMs: 200 })
    await expect(store.get(key(1))).rejects.toThrow()
    await store.close()
    const warm = redisCache({ url: redis.url, timeoutMs: 100 })
    await warm.get(key(1))
    await redis.client.sendCommand(['CLIENT', 'PAUSE', '2000'])
    const slow = redisCache({ url: redis.url, timeoutMs: 100 })
    await expect(slow.get(key(1))).rejects.toThrow()
    const began = performance.now()
    await expect(warm.get(key(1))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(performance.now() - began).toBeLessThan(1000)
    for (const each of [slow, warm]) await each.close()
  })
})
