import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { Caller } from '../../src/authn/caller.ts'
import { Credentials } from '../../src/authn/credentials.ts'
import { RateLimits } from '../../src/authn/rate-limits.ts'
import { ask, Served } from '../support/served.ts'

// What a server does whose settings say nothing: each figure is one of docs/operate.md or docs/server.md.

const docs = ['operate', 'server']
  .map((name) => readFileSync(fileURLToPath(new URL(`../../../../docs/${name}.md`, import.meta.url)), 'utf8'))
  .join('\n')

let served: Served
let server: Awaited<ReturnType<Served['another']>>
beforeAll(async () => {
  served = await Served.start()
  server = await served.another({})
})
afterAll(async () => {
  await server?.close()
  await served?.[Symbol.asyncDispose]()
})
afterEach(() => vi.useRealTimers())

const missing = '/v1/memories/01890000-0000-7000-8000-000000000000'

const times = <T>(number: number, value: T): T[] => new Array(number).fill(value)

test('6,000, 3,000 and 600 requests in a minute: a sixtieth at once', async () => {
  expect(docs).toContain('| 6,000, 3,000, 600 |')
  await served.createTenant('initech')
  const credentials = new Credentials(served.keep)
  const callerOf = async (subject: string) => (await credentials.caller(await served.key('initech', subject), '::1'))!
  const [ana, bob, cleo] = await Promise.all([callerOf('ana'), callerOf('bob'), callerOf('cleo')])
  const begin = async (limits: RateLimits, callers: readonly Caller[]) =>
    (await Promise.allSettled(callers.map((caller) => limits.begin(caller)))).filter(
      ({ status }) => status === 'rejected',
    )
  const ofOne = new RateLimits()
  expect([await begin(ofOne, times(50, ana!)), (await begin(ofOne, [ana!])).length]).toEqual([[], 1])
  const ofTenant = new RateLimits()
  const hundred = [...times(50, ana!), ...times(50, bob!)]
  expect([await begin(ofTenant, hundred), (await begin(ofTenant, [cleo!])).length]).toEqual([[], 1])
  const limits = new RateLimits()
  const begun = await Promise.allSettled(times(11, { name: 'ops' }).map((each) => limits.beginAdministrator(each)))
  expect(begun.map(({ status }) => status)).toEqual([...times(10, 'fulfilled'), 'rejected'])
})

test('a revoked key lives on for 5 s at the most', async () => {
  expect(docs).toContain('A revoked key lives on for at most 5 s.')
  const { id, key } = await served.createKey('acme', 'dan')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const status = async () => (await ask(server.url, 'GET', missing, { key })).status
  expect(await status()).toBe(404)
  expect(await served.revoke('acme', id)).toBe(true)
  vi.setSystemTime(Date.now() + 5001)
  expect(await status()).toBe(401)
})

test('an idle connection stays for 65 s', async () => {
  expect(docs).toContain('an idle connection stays for 65 s')
  const { headers } = await ask(server.url, 'GET', '/healthz', { headers: { connection: 'keep-alive' } })
  expect(headers['keep-alive']).toBe('timeout=65')
})

test('20 failures of an address within a minute', async () => {
  expect(docs).toContain('with 20 failures within a minute gets 429')
  const fresh = await served.another({})
  const statuses: number[] = []
  for (let turn = 0; turn < 21; turn++) {
    statuses.push((await ask(fresh.url, 'GET', missing, { key: `mk_${'x'.repeat(42)}${turn % 10}` })).status)
  }
  await fresh.close()
  expect(statuses).toEqual([...times(20, 401), 429])
})
