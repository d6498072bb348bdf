import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { AttemptLimit } from '../../src/authn/attempt-limit.ts'
import { JsonWebTokens } from '../../src/authn/json-web-tokens.ts'
import { Served } from '../support/served.ts'

const issuer = 'https://id.example'
const audience = 'memkeep'
const signing = await generateKeyPair('ES256', { extractable: true })
const others = await generateKeyPair('ES256', { extractable: true })
const publicKey = { ...(await exportJWK(signing.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
const jwks = { keys: [publicKey] }

let served: Served
beforeAll(async () => {
  const claims = { tenant: ['org', 'id'], wholeTenant: 'whole' }
  served = await Served.start({ jwt: { issuer, audience, jwks, claims } })
})
afterAll(() => served[Symbol.asyncDispose]())

const standing: JWTPayload = { org: { id: 'acme' }, sub: 'ana', roles: ['memkeep:agent'], iss: issuer, aud: audience }

function sign(payload: JWTPayload, header: Partial<JWTHeaderParameters> = {}, key = signing.privateKey, life = '5m') {
  const token = new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).setIssuedAt()
  return (life === '' ? token : token.setExpirationTime(life)).sign(key)
}

function without(name: string): JWTPayload {
  return Object.fromEntries(Object.entries(standing).filter(([each]) => each !== name))
}

const list = (key: string) => served.ask('GET', '/v1/memories', { key })

test('a token of the issuer reaches its subject of its tenant, in its roles', async () => {
  const key = await sign(standing)
  const id = await served.add(key, 'Ana likes the ferry')
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: await served.key('acme', 'ana') })).status).toBe(200)
  const elsewhere = await sign({ ...standing, org: { id: 'globex' } })
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: elsewhere })).status).toBe(404)
  const reader = await sign({ ...standing, roles: ['memkeep:export', 'agent', 'admin'] })
  const refused = await served.ask('POST', '/v1/memories', { key: reader, body: { content: 'x', actor: 'user' } })
  expect([refused.status, refused.body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
})

test('a token for a tenant as a whole says so in its own claim', async () => {
  const id = await served.add(await sign(standing), 'Ana again')
  const whole = await sign({ ...standing, sub: 'svc', whole: true, roles: ['memkeep:admin'] })
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: whole })).body).toMatchObject({ subject: 'ana' })
  for (const value of ['true', 1, {}, [true], null]) {
    const key = await sign({ ...standing, sub: 'svc', whole: value, roles: ['memkeep:admin'] })
    expect((await served.ask('GET', `/v1/memories/${id}`, { key })).status).toBe(404)
  }
})

describe('a claim that is no name of anybody makes no credential, of a subject or of its tenant:', () => {
  const claims = { tenant: 'org', subject: 'uid', principal: 'by' }
  const good = { org: 'acme', uid: 'ana', by: 'svc', roles: ['memkeep:admin'], iss: issuer, aud: audience }
  let named: Served
  beforeAll(async () => {
    named = await Served.start({ jwt: { issuer, audience, jwks, claims } })
  })
  afterAll(() => named[Symbol.asyncDispose]())

  test.each(['org', 'uid', 'by'])('%s', async (claim) => {
    const status = async (payload: JWTPayload) =>
      (await named.ask('GET', '/v1/memories', { key: await sign(payload) })).status
    expect(await status(good)).toBe(200)
    for (const value of [null, undefined, '', [], ['ana'], {}, 0, false, true]) {
      expect([value, await status({ ...good, [claim]: value })]).toEqual([value, 401])
    }
  })
})

test('a token stands until it expires, whatever goes out under it meanwhile', async () => {
  const options = { issuer, audience, jwks, claims: { tenant: ['org', 'id'] }, clockToleranceSeconds: 0 }
  const tokens = new JsonWebTokens(served.keep, new AttemptLimit({ failures: 20 }), options)
  const caller = (await tokens.caller(await sign(standing), '::1'))!
  expect(await caller.stands()).toBe(true)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 })
  try {
    expect(await caller.stands()).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})

test('what a token mints ends when the token does', async () => {
  const key = await sign({ ...standing, roles: ['memkeep:admin'] })
  const { status, body } = await served.ask('POST', '/v1/tokens', { key, body: { subject: 'ana', ttlSeconds: 86_400 } })
  expect(status).toBe(201)
  const { exp } = JSON.parse(Buffer.from(key.split('.')[1]!, 'base64url').toString())
  expect(Date.parse(body.expiresAt)).toBeLessThanOrEqual(exp * 1000)
})

test('what it mints under an idempotency key is not given again to what was minted, though the powers are the same', async () => {
  const key = await sign({ ...standing, roles: ['memkeep:admin'] })
  const asking = { headers: { 'idempotency-key': 'minted' }, body: { subject: 'ana' } }
  const first = await served.ask('POST', '/v1/tokens', { key, ...asking })
  expect((await served.ask('POST', '/v1/tokens', { key, ...asking })).text).toBe(first.text)
  const again = await served.ask('POST', '/v1/tokens', { key: first.body.token, ...asking })
  expect([again.status, again.body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
})

test('a tenant that there is not is 403, and looks like one that may not', async () => {
  const [unknown, denied] = await Promise.all([
    list(await sign({ ...standing, org: { id: 'no such tenant' } })),
    list(await sign({ ...standing, roles: [] })),
  ])
  expect(unknown.status).toBe(403)
  const plain = ({ status, text, headers: { date: _, 'x-request-id': __, ...headers } }: typeof unknown) => ({
    status,
    text,
    headers,
  })
  expect(plain(unknown)).toEqual(plain(denied))
  const written = await served.ask('POST', '/v1/memories', {
    key: await sign({ ...standing, org: { id: 'no such tenant' } }),
    body: { content: 'x', actor: 'user' },
  })
  expect([written.status, written.body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
  const [smuggledUnknown, smuggled] = await Promise.all(
    [{ org: { id: 'none' } }, {}].map(async (claims) => {
      return served.ask('GET', '/v1/memories?tenant=acme', { key: await sign({ ...standing, ...claims, roles: [] }) })
    }),
  )
  expect([smuggled!.status, smuggled!.body.code]).toEqual([422, 'ERR_INPUT_INVALID'])
  expect(plain(smuggledUnknown!)).toEqual(plain(smuggled!))
})

const tool = (name: string, args: object) => ['tools/call', { name, arguments: args }] as const
const resource = 'memkeep://memories/00000000-0000-7000-8000-000000000000'

test.each<readonly [string, object]>([
  tool('recall', { query: 'ferry' }),
  tool('list_memories', {}),
  tool('remember', { content: 'x' }),
  tool('forget', { id: '00000000-0000-7000-8000-000000000000' }),
  tool('recall', { query: 'ferry', tenant: 'acme' }),
  ['resources/read', { uri: resource }],
  ['resources/read', { uri: `${resource}/lineage` }],
  ['resources/read', { uri: resource, _meta: { tenant: 'acme' } }],
  ['tools/list', { _meta: { tenant: 'acme' } }],
  ['tools/list', {}],
])('nor does MCP tell a tenant that there is not from one that may not: %s %j', async (method, params) => {
  const message = { jsonrpc: '2.0', id: 1, method, params }
  const headers = { accept: 'application/json, text/event-stream' }
  const [unknown, denied] = await Promise.all(
    [{ org: { id: 'none' } }, {}].map(async (claims) => {
      const key = await sign({ ...standing, ...claims, roles: [] })
      const { status, text } = await served.ask('POST', '/mcp', { key, headers, body: message })
      return { status, text }
    }),
  )
  expect(unknown).toEqual(denied)
  expect(unknown!.status).toBe('_meta' in params ? 422 : 200)
})

describe('no token:', () => {
  const hs256 = async () => {
    // The public key as a shared secret: what a verifier that believes `alg` would take.
    const secret = new TextEncoder().encode(JSON.stringify(publicKey))
    return new SignJWT(standing).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).setExpirationTime('5m').sign(secret)
  }
  const flipped = async () => {
    const [head, , signature] = (await sign(standing)).split('.')
    const body = Buffer.from(JSON.stringify({ ...standing, exp: 9e9, org: { id: 'globex' } })).toString('base64url')
    return `${head}.${body}.${signature}`
  }
  test.each<[string, () => Promise<string> | string]>([
    ['unsigned', () => new UnsecuredJWT(standing).setExpirationTime('5m').encode()],
    ['signed with the public key as a secret', hs256],
    ['of another key under the same id', () => sign(standing, {}, others.privateKey)],
    ['with its payload changed', flipped],
    ['of another issuer', () => sign({ ...standing, iss: 'https://evil.example' })],
    ['for another audience', () => sign({ ...standing, aud: 'other' })],
    ['for no audience', () => sign(without('aud'))],
    ['that has expired', () => sign({ ...standing }, {}, signing.privateKey, '-1m')],
    ['that never expires', () => sign(standing, {}, signing.privateKey, '')],
    ['that is not good yet', () => sign({ ...standing, nbf: Math.floor(Date.now() / 1000) + 600 })],
    ['with a key id that is a path', () => sign(standing, { kid: '../../k1' })],
    ['with a key id that names a tenant', () => sign(standing, { kid: 'globex' })],
    ['without a tenant', () => sign({ ...standing, org: {} })],
    ['with a tenant that is a list', () => sign({ ...standing, org: { id: ['acme'] } })],
    ['with an empty tenant', () => sign({ ...standing, org: { id: '' } })],
    ['with a control character in its tenant', () => sign({ ...standing, org: { id: 'ac\u0000me' } })],
    ['without a subject', () => sign(without('sub'))],
    ['with a subject that is an object', () => sign({ ...standing, sub: { toString: 'ana' } } as never)],
    ['larger than any', () => sign({ ...standing, pad: 'x'.repeat(9000) })],
    ['that is not one', () => 'a.b.c'],
  ])('%s', async (_, make) => {
    expect((await list(await sign(standing))).status).toBe(200)
    const { status, body } = await list(await make())
    expect([status, body?.code]).toEqual(status === 431 ? [431, 'ERR_INPUT_TOO_LARGE'] : [401, 'ERR_UNAUTHENTICATED'])
  })

  test('whose header brings its own key, or an address of one', async () => {
    const own = await exportJWK(others.publicKey)
    for (const header of [{ jwk: own }, { jku: 'http://127.0.0.1:1/keys' }, { x5u: 'http://127.0.0.1:1/cert' }]) {
      expect((await list(await sign(standing, header as never, others.privateKey))).status).toBe(401)
    }
  })
})

describe('of a key set', () => {
  const claims = { ...standing, tenant: 'acme' }
  const unnamed = { kid: undefined } as never

  async function status(keys: object[], ...tokens: string[]): Promise<number[]> {
    await using server = await Served.start({ jwt: { issuer, audience, jwks: { keys } as never } })
    const answers = []
    for (const key of tokens) answers.push((await server.ask('GET', '/v1/memories', { key })).status)
    return answers
  }

  test('each key that fits a token without an id is tried: while keys change there are two', async () => {
    const second = { ...(await exportJWK(others.publicKey)), kid: 'k2', alg: 'ES256' }
    const third = (await generateKeyPair('ES256')).privateKey
    const tokens = [signing.privateKey, others.privateKey, third].map((key) => sign(claims, unnamed, key))
    const expired = sign(claims, unnamed, others.privateKey, '-1m')
    const keys = [publicKey, { ...second, kid: 'damaged', x: publicKey.x }, second]
    expect(await status(keys, ...(await Promise.all([...tokens, expired])))).toEqual([200, 200, 401, 401])
  })

  test('one that nothing can be verified with makes a token that names it invalid, and says nothing of the issuer', async () => {
    const damaged = { ...publicKey, kid: 'damaged', x: 'AAAA' }
    const short = {
      ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
      kid: 'short',
    }
    const forShort = `${base64url({ alg: 'RS256', kid: 'short' })}.${base64url({ ...claims, exp: 9e9 })}.AAAA`
    const tokens = [await sign(claims, { kid: 'damaged' }), forShort, await sign(claims)]
    expect(await status([publicKey, damaged, short], ...tokens)).toEqual([401, 401, 200])
  })
})

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('keys of an address are fetched, kept and fetched anew when they rotate; without them it is 503', async () => {
  let keys: object[] = [publicKey]
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const remote = await Served.start({ jwt: { issuer, audience, jwks: `http://127.0.0.1:${port}/jwks` } })
  const claims = { ...standing, tenant: 'acme' }
  const status = async (key: string) => (await remote.ask('GET', '/v1/memories', { key })).status
  expect(await status(await sign(claims))).toBe(200)
  expect(await status(await sign(claims))).toBe(200)
  expect(asked).toBe(1)
  // A flood of unknown key ids does not become a flood of requests to the issuer.
  keys = [publicKey, { ...(await exportJWK(others.publicKey)), kid: 'k2', alg: 'ES256' }]
  for (let number = 0; number < 20; number++) {
    expect(await status(await sign(claims, { kid: `made up ${number}` }))).toBe(401)
  }
  expect(asked).toBeLessThanOrEqual(2)
  await remote[Symbol.asyncDispose]()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  const cut = await Served.start({ jwt: { issuer, audience, jwks: `http://127.0.0.1:${port}/jwks` } })
  const answer = await cut.ask('GET', '/v1/memories', { key: await sign(claims) })
  expect([answer.status, answer.body.code]).toEqual([503, 'ERR_KEY_UNAVAILABLE'])
  await cut[Symbol.asyncDispose]()
})
