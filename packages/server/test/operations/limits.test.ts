import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintScope } from 'memkeep/trust'
import { afterAll, describe, expect, test } from 'vitest'
import { newAdminKey } from '../../src/authn/admin-keys.ts'
import { RateLimits } from '../../src/authn/rate-limits.ts'
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
  const burst = async (requests: number) => {
    const all = await Promise.allSettled(
      Array.from({ length: requests }, () => limits.noteAdministrator({ name: 'loud' })),
    )
    const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    for (const error of refused) expect(error).toMatchObject({ code: 'ERR_RATE_LIMITED', waitSeconds: 1 })
    return requests - refused.length
  }
  expect(await burst(1200)).toBe(20)
  await limits.noteAdministrator({ name: 'another' })
  const few = new RateLimits({ adminPerMinute: 25 })
  const served: number[] = []
  for (let second = 0; second < 4; second++) {
    const all = await Promise.allSettled(Array.from({ length: 30 }, () => few.noteAdministrator({ name: 'loud' })))
    served.push(all.filter(({ status }) => status === 'fulfilled').length)
    await sleep(1050)
  }
  expect(served).toEqual([10, 10, 5, 0])
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

const hasRedis = spawnSync('redis-server', ['--version']).status === 0
describe.skipIf(!hasRedis)('with Redis (skipped where redis-server is not installed)', () => {
  let redis: ChildProcess | null = null
  const dir = mkdtempSync(join(tmpdir(), 'mk-redis-'))
  afterAll(() => {
    redis?.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

  async function start(port: number): Promise<ChildProcess> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir]
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (text) => /Ready to accept/.test(String(text)) && resolve()),
    )
    return child
  }

  test('two servers count together; without it each counts for itself, and serves on', async () => {
    const port = await freePort()
    redis = await start(port)
    const config = { rateLimits: { tenantPerMinute: 0, credentialPerMinute: 4 }, redisUrl: `redis://127.0.0.1:${port}` }
    const served = await Served.start({ config })
    const second = await served.another(config)
    const key = await served.key('acme', 'ana')
    const at = async (url: string) => (await served.askAt(url, 'GET', '/v1/memories', { key })).status
    expect([await at(served.url), await at(second.url), await at(served.url), await at(second.url)]).toEqual([
      200, 200, 200, 200,
    ])
    expect([await at(served.url), await at(second.url)]).toEqual([429, 429])
    redis.kill('SIGKILL')
    await sleep(200)
    expect([await at(served.url), await at(second.url)]).toEqual([200, 200])
    await second.close()
    await served[Symbol.asyncDispose]()
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
