import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { AttemptLimit } from '../../src/authn/attempt-limit.ts'
import { clientAddress, trustedProxies } from '../../src/authn/client-address.ts'
import { Credentials } from '../../src/authn/credentials.ts'
import { type Answer, Served } from '../support/served.ts'

const opened: Served[] = []
afterEach(async () => {
  for (const served of opened.splice(0)) await served[Symbol.asyncDispose]()
})

async function start(options: Parameters<typeof Served.start>[0] = {}): Promise<Served> {
  const served = await Served.start(options)
  opened.push(served)
  return served
}

function all({ status, headers, text }: Answer): object {
  const { date: _, 'x-request-id': __, ...rest } = headers
  return { status, headers: rest, text }
}

test('no key, unknown, malformed, expired and revoked keys: one answer', async () => {
  const served = await start()
  const revoked = await served.createKey('acme', 'ana')
  expect(await served.revoke('acme', revoked.id)).toBe(true)
  const none = await served.ask('GET', '/v1/memories')
  expect(none.status).toBe(401)
  expect(none.body).toMatchObject({ status: 401, code: 'ERR_UNAUTHENTICATED' })
  expect(none.headers['www-authenticate']).toBe('Bearer realm="memkeep"')
  const keys = [
    revoked.key,
    `mk_${'A'.repeat(43)}`,
    'mk_',
    'x',
    `${revoked.key}A`,
    revoked.key.slice(0, -1),
    "' or 1=1 --",
  ]
  for (const key of keys) expect(all(await served.ask('GET', '/v1/memories', { key }))).toEqual(all(none))
})

test('a key that was used lives on after its revocation for no longer than it is held fresh', async () => {
  const freshMs = 600
  const served = await start({ freshMs })
  const { id, key } = await served.createKey('acme', 'ana')
  expect((await served.ask('GET', '/v1/memories', { key })).status).toBe(200)
  await served.revoke('acme', id)
  await sleep(freshMs)
  expect((await served.ask('GET', '/v1/memories', { key })).status).toBe(401)
  expect((await served.ask('GET', '/v1/memories', { key })).status).toBe(401)
})

test('an address that failed too often waits, but keys that were good before go on', async () => {
  const served = await start({ failuresPerMinute: 3, freshMs: 0 })
  const [known, late] = [await served.key('acme', 'ana'), await served.key('acme', 'ana')]
  const status = async (key: string) => (await served.ask('GET', '/v1/memories', { key })).status
  expect(await status(known)).toBe(200)
  expect([await status('a'), await status('b'), await status('c')]).toEqual([401, 401, 401])
  const limited = await served.ask('GET', '/v1/memories', { key: 'd' })
  expect([limited.status, limited.body.code]).toEqual([429, 'ERR_RATE_LIMITED'])
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(60)
  expect(await status(known)).toBe(200)
  expect(await status(late)).toBe(429)
})

test('guesses that come at once are no more than may fail; good keys that come at once all pass', async () => {
  const served = await start({ failuresPerMinute: 3 })
  const guess = (at: number) => `mk_${String(at).padStart(43, 'a')}`
  const counted = async (keys: readonly string[]) => {
    const answers = await Promise.all(keys.map((key) => served.ask('GET', '/v1/memories', { key })))
    return [200, 401, 429].map((wanted) => answers.filter(({ status }) => status === wanted).length)
  }
  const good: string[] = []
  for (let at = 0; at < 12; at++) good.push(await served.key('acme', 'ana'))
  expect(await counted(good)).toEqual([12, 0, 0])
  const looks = async () => (await served.database.query("select from memkeep.event where action = 'key.find'")).length
  const before = await looks()
  expect(await counted(Array.from({ length: 60 }, (_, at) => guess(at)))).toEqual([0, 3, 57])
  expect(await looks()).toBe(before + 3)
})

describe('behind a proxy', () => {
  const from = (served: Served, key: string, forwarded: string) =>
    served.ask('GET', '/v1/memories', { key, headers: { 'x-forwarded-for': forwarded } }).then(({ status }) => status)
  const guesses = async (served: Served, addresses: readonly string[]) => {
    const all = []
    for (const [at, address] of addresses.entries()) all.push(await from(served, `mk_guess${at}`, address))
    return all
  }

  test('that is trusted, whoever guesses keeps only itself out, whatever it says before its own address', async () => {
    const served = await start({
      failuresPerMinute: 3,
      config: { trustedProxies: ['127.0.0.0/8', '::1', '10.0.0.0/8'] },
    })
    const told = [
      '203.0.113.9',
      '198.51.100.1, 203.0.113.9',
      '10.0.0.9, 203.0.113.9, 10.1.1.1',
      '198.51.100.2,203.0.113.9',
    ]
    expect(await guesses(served, told)).toEqual([401, 401, 401, 429])
    expect(await from(served, await served.key('acme', 'ana'), '198.51.100.2')).toBe(200)
    expect(await from(served, await served.key('acme', 'ana'), '203.0.113.9')).toBe(429)
  })

  test('that is not, its word is not taken', async () => {
    const served = await start({ failuresPerMinute: 3, config: { trustedProxies: ['10.0.0.0/8'] } })
    expect(await guesses(served, ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4'])).toEqual([
      401, 401, 401, 429,
    ])
  })

  test.each([
    ['203.0.113.9:443', '203.0.113.9'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['unknown', '10.0.0.1'],
    ['203.0.113.9, unknown', '10.0.0.1'],
    ['203.0.113.9, ', '10.0.0.1'],
    ['', '10.0.0.1'],
    ['10.0.0.2', '10.0.0.2'],
  ])('“%s” is from %s', (told, client) => {
    const incoming = { socket: { remoteAddress: '::ffff:10.0.0.1' }, headers: { 'x-forwarded-for': told } }
    expect(clientAddress(incoming as never, trustedProxies(['10.0.0.0/8']))).toBe(client)
  })
})

test('secrets stand in no log line, in no answer, and not in what the server remembers', async () => {
  const served = await start()
  const key = await served.key('acme', 'ana')
  const id = await served.add(key, 'a heron')
  const texts = [
    (await served.ask('GET', `/v1/memories/${id}`, { key })).text,
    (await served.ask('POST', '/v1/memories', { key, body: { content: key, actor: 'root' } })).text,
    (await served.ask('GET', `/v1/memories/${key}`, { key })).text,
    (await served.ask('GET', '/v1/memories', { key: `${key}x` })).text,
  ]
  const credentials = new Credentials(served.keep)
  expect(await credentials.caller(key, 'x')).not.toBeNull()
  const remembered = inspect(credentials, { depth: 20, showHidden: true })
  const said = [...texts, JSON.stringify(served.lines), remembered].join('\n')
  expect(said).not.toContain(key.slice(3))
  for (const line of served.lines) {
    expect(JSON.stringify(line)).not.toMatch(/acme|ana|heron|127\.0\.0\.1/)
    expect(JSON.stringify(line)).not.toContain(id)
  }
  expect(served.lines).toHaveLength(5)
})

test('a directory that cannot be asked is 503 and says when to come back, not 401', async () => {
  const served = await start({ freshMs: 0 })
  const key = await served.key('acme', 'ana')
  await served.keep.close()
  const answer = await served.ask('GET', '/v1/memories', { key })
  expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'ERR_CLOSED', '1'])
})

test('failures count by IPv4 address and by IPv6 network, within their window, and memory is bounded', () => {
  const limit = new AttemptLimit({ failures: 2, windowMs: 1000, addresses: 3 })
  const twice = (address: string): void => {
    limit.noteFailure(address, 0)
    limit.noteFailure(address, 0)
  }
  twice('2001:db8:0:1::5')
  expect(limit.waitSeconds('2001:db8::1:ffff:0:0:9', 0)).toBe(1)
  expect(limit.waitSeconds('2001:db8:0:2::5', 0)).toBe(0)
  expect(limit.waitSeconds('2001:db8:0:1::5', 1000)).toBe(0)
  twice('::ffff:10.0.0.1')
  expect(limit.waitSeconds('10.0.0.1', 999)).toBe(1)
  expect(limit.waitSeconds('10.0.0.2', 0)).toBe(0)
  twice('10.0.0.3')
  twice('10.0.0.4')
  expect(limit.waitSeconds('2001:db8:0:1::5', 0)).toBe(0)
  expect(limit.waitSeconds('10.0.0.4', 0)).toBe(1)
})
