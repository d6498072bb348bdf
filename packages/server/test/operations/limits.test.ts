import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintScope } from 'memkeep/trust'
import { describe, expect, test } from 'vitest'
import { RedisServer, redisName, redisVersion } from '../../../memkeep/test/support/redis-server.ts'
import { newAdminKey } from '../../src/authn/admin-keys.ts'
import { RateLimits } from '../../src/authn/rate-limits.ts'
import { holdWrites } from '../support/hold-writes.ts'
import { Served } from '../support/served.ts'

const rateLimits = { tenantPerMinute: 6, credentialPerMinute: 4 }

async function statuses(served: Served, key: string, count: number): Promise<number[]> {
  const all = []
  for (let number = 0; number < count; number++) all.push((await served.ask('GET', '/v1/memories', { key })).status)
  return all
}

test('a credential and a tenant that ask too often have to wait, and nobody else does', async () => {
  const served = await Served.start({ config: { rateLimits } })
  const [ana, bruno, carla, other] = [
    await served.key('acme', 'ana'),
    await served.key('acme', 'bruno'),
    await served.key('acme', 'carla'),
    await served.key('globex', 'ana'),
  ]
  expect(await statuses(served, ana, 5)).toEqual([200, 200, 200, 200, 429])
  // What was refused to one key is not taken from its tenant.
  expect(await statuses(served, bruno, 3)).toEqual([200, 200, 429])
  const limited = await served.ask('POST', '/mcp', { key: carla, body: {} })
  expect([limited.status, limited.body.code]).toEqual([429, 'ERR_RATE_LIMITED'])
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(60)
  expect(await statuses(served, other, 4)).toEqual([200, 200, 200, 200])
  await served[Symbol.asyncDispose]()
})

test('a minute is not served as one burst: what is asked at once gets a second’s share, and the minute loses no more', async () => {
  const limits = new RateLimits({ adminPerMinute: 1200 })
  const burst = async (requests: number, name = 'loud') => {
    const all = await Promise.allSettled(
      Array.from({ length: requests }, () => limits.beginAdministrator({ name }).then((end) => end())),
    )
    const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    for (const error of refused) expect(error).toMatchObject({ code: 'ERR_RATE_LIMITED', waitSeconds: 1 })
    return requests - refused.length
  }
  expect(await burst(1200)).toBe(20)
  // Nothing of it is under way any more: it is the second that has no more. (A busy machine may take longer than that.)
  let [began, served, more] = [0, 0, 0]
  for (let turn = 0; turn === 0 || performance.now() - began > 900; turn++) {
    began = performance.now()
    served = await burst(20, `turn ${turn}`)
    more = await burst(10, `turn ${turn}`)
  }
  expect([served, more]).toEqual([20, 0])
  await limits.beginAdministrator({ name: 'another' })
  const few = new RateLimits({ adminPerMinute: 25 })
  const inSeconds: number[] = []
  for (let second = 0; second < 4; second++) {
    const all = await Promise.allSettled(Array.from({ length: 30 }, () => few.beginAdministrator({ name: 'loud' })))
    for (const each of all) if (each.status === 'fulfilled') each.value()
    inSeconds.push(all.filter(({ status }) => status === 'fulfilled').length)
    await sleep(1050)
  }
  expect(inSeconds).toEqual([10, 10, 5, 0])
})

test('what is refused of a known credential costs no look into the database', async () => {
  const config = { rateLimits: { tenantPerMinute: 0, credentialPerMinute: 60 } }
  const served = await Served.start({ config, freshMs: 60_000 })
  const key = await served.key('acme', 'ana')
  expect(await statuses(served, key, 1)).toEqual([200])
  const seen = async () => (await served.database.query('select from memkeep.event')).length
  const before = await seen()
  const asked = Array.from({ length: 60 }, () => served.ask('GET', '/v1/memories', { key }))
  const all = (await Promise.all(asked)).filter(({ status }) => status === 200).length
  expect(all).toBeLessThan(60)
  expect(await seen()).toBe(before + all)
  await served[Symbol.asyncDispose]()
})

/** A connection on which a request was begun, and as much of it sent. */
function begin(served: Served, text: string): Promise<Socket> {
  const { hostname, port } = new URL(served.url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text, () => resolve(socket)))
    socket.on('error', () => {})
  })
}

const head = (method: string, key: string, more = '') =>
  `${method} /v1/memories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n${more}\r\n`

test('as many requests are under way as a second serves; of another credential others, and again once they are answered or gone', async () => {
  const config = { rateLimits: { tenantPerMinute: 1200, credentialPerMinute: 600 } }
  const served = await Served.start({ config, freshMs: 60_000 })
  const [loud, beside, other] = [
    await served.key('acme', 'ana'),
    await served.key('acme', 'bruno'),
    await served.key('globex', 'ana'),
  ]
  const slow = (key: string) => head('POST', key, 'Content-Type: application/json\r\nContent-Length: 100\r\n')
  const begunBy = (key: string) =>
    Promise.all(Array.from({ length: 10 }, () => begin(served, `${slow(key)}{"content":`)))
  const bodies = await begunBy(loud)
  await becomes(served, loud, 429)
  expect(await statuses(served, beside, 1)).toEqual([200])
  await sleep(1200)
  bodies.push(...(await begunBy(beside)))
  await becomes(served, beside, 429)
  // Together they are the tenant's.
  expect(await statuses(served, await served.key('acme', 'carla'), 1)).toEqual([429])
  expect(await statuses(served, other, 1)).toEqual([200])
  for (const socket of bodies) socket.destroy()
  await becomes(served, loud, 200)
  await served[Symbol.asyncDispose]()
})

test('what was asked one behind the other on a connection that is gone is under way no longer', async () => {
  const served = await Served.start({ config: { rateLimits: { tenantPerMinute: 0, credentialPerMinute: 600 } } })
  const key = await served.key('acme', 'ana')
  const { release, held } = await holdWrites(served)
  const socket = await begin(served, head('GET', key).repeat(10))
  await held
  // One more would wait as they do: what is asked here looks at no memory.
  await becomes(served, key, 429, '/v1/memories?limit=0')
  socket.destroy()
  await becomes(served, key, 422, '/v1/memories?limit=0')
  await release()
  expect(await statuses(served, key, 5)).toEqual([200, 200, 200, 200, 200])
  await served[Symbol.asyncDispose]()
})

/** Asks, less often than a second's share allows, until the answer is that. */
async function becomes(served: Served, key: string, status: number, path = '/v1/memories'): Promise<void> {
  await sleep(1200)
  while ((await served.ask('GET', path, { key })).status !== status) await sleep(300)
}

test('what a credential mints counts with it; without a maker with its principal', async () => {
  const served = await Served.start({ config: { rateLimits: { tenantPerMinute: 0, credentialPerMinute: 4 } } })
  const service = await served.key('acme', null, ['agent'], ['mint'])
  const mint = async () => (await served.ask('POST', '/v1/tokens', { key: service, body: { subject: 'ana' } })).body
  const [one, two] = [(await mint()).token, (await mint()).token]
  expect([...(await statuses(served, one, 1)), ...(await statuses(served, two, 2))]).toEqual([200, 200, 429])
  expect((await mint()).code).toBe('ERR_RATE_LIMITED')
  // As with a token of an identity provider, behind which no key stands.
  const principal = { id: 'idp-user', roles: ['agent'], rights: ['mint' as const] }
  const memory = served.keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal }))
  const keys = [(await memory.mintKey({ subject: 'ana' })).key, (await memory.mintKey({ subject: 'ana' })).key] as const
  expect([...(await statuses(served, keys[0], 3)), ...(await statuses(served, keys[1], 2))]).toEqual([
    200, 200, 200, 200, 429,
  ])
  await served[Symbol.asyncDispose]()
})

test("an administrator's key that asks too often has to wait, for any route; another does not, and guesses do not count to it", async () => {
  const [loud, other] = [newAdminKey(), newAdminKey()]
  const adminKeys = [
    { name: 'loud', sha256: loud.sha256 },
    { name: 'other', sha256: other.sha256 },
  ]
  const served = await Served.start({ config: { adminKeys, rateLimits: { adminPerMinute: 3 } } })
  const asked = (key: string, path = '/admin/v1/tenants') => served.ask('GET', path, { key })
  expect((await asked(newAdminKey().key)).status).toBe(401)
  for (const path of ['/admin/v1/tenants', '/admin/v1/keys?tenant=acme', '/admin/v1/aggregates'])
    expect((await asked(loud.key, path)).status).toBe(200)
  const limited = await asked(loud.key)
  expect([limited.status, limited.body.code]).toEqual([429, 'ERR_RATE_LIMITED'])
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
  expect((await asked(other.key)).status).toBe(200)
  await served[Symbol.asyncDispose]()
})

describe.skipIf(redisVersion === null)(redisName, () => {
  test('two servers count together; without it each counts for itself, and serves on', async () => {
    await using redis = await RedisServer.start()
    const config = { rateLimits: { tenantPerMinute: 0, credentialPerMinute: 4 }, redisUrl: redis.url }
    const served = await Served.start({ config })
    const second = await served.another(config)
    const key = await served.key('acme', 'ana')
    const at = async (url: string) => (await served.askAt(url, 'GET', '/v1/memories', { key })).status
    expect([await at(served.url), await at(second.url), await at(served.url), await at(second.url)]).toEqual([
      200, 200, 200, 200,
    ])
    expect([await at(served.url), await at(second.url)]).toEqual([429, 429])
    await redis.kill()
    await sleep(200)
    expect([await at(served.url), await at(second.url)]).toEqual([200, 200])
    await second.close()
    await served[Symbol.asyncDispose]()
  })

  test('a server that starts without it serves, says so, and shares its counts once it is there', async () => {
    const gone = await RedisServer.start()
    const { url } = gone
    await gone[Symbol.asyncDispose]()
    const config = { rateLimits: { tenantPerMinute: 0, credentialPerMinute: 60 }, redisUrl: url }
    const told: string[] = []
    const served = await Served.start({ config, tell: (line) => told.push(line) })
    const key = await served.key('acme', 'ana')
    expect(told).toEqual(['Redis cannot be reached (ECONNREFUSED): until it can, this server counts rates by itself'])
    expect(await statuses(served, key, 2)).toEqual([200, 200])
    await using redis = await RedisServer.start('--port', new URL(url).port)
    const counted = async () => {
      expect(await statuses(served, key, 1)).toEqual([200])
      return (await redis.client.keys('memkeep/credential:*')).length
    }
    await expect.poll(counted, { timeout: 30_000, interval: 1000 }).toBeGreaterThan(0)
    await served[Symbol.asyncDispose]()
  })

  test('one that answers nothing holds no request up for longer than a moment, and is asked again once it does', async () => {
    await using redis = await RedisServer.start()
    const config = { rateLimits: { tenantPerMinute: 0, credentialPerMinute: 60 }, redisUrl: redis.url }
    const served = await Served.start({ config })
    const key = await served.key('acme', 'ana')
    const counted = async () => (await redis.client.keys('memkeep/credential:*')).length
    expect(await statuses(served, key, 1)).toEqual([200])
    expect(await counted()).toBe(1)
    redis.pause()
    const began = performance.now()
    expect(await statuses(served, key, 8)).toEqual(Array(8).fill(200))
    // Late once for the second and once for the minute, and not asked after that.
    expect(performance.now() - began).toBeLessThan(4000)
    redis.resume()
    await redis.client.flushAll()
    await sleep(5500)
    expect(await statuses(served, key, 1)).toEqual([200])
    expect(await counted()).toBe(1)
    await served[Symbol.asyncDispose]()
  })
})
