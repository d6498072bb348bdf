import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { keepOptions, keepSettingsOf } from '../../src/keep-settings.ts'
import { readConfig } from '../../src/server-config.ts'

const dir = mkdtempSync(join(tmpdir(), 'mk-config-'))
const file = join(dir, 'memkeep.json')
afterAll(() => rmSync(dir, { recursive: true }))

function read(settings: unknown, env: Record<string, string> = {}, flags = {}) {
  writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings))
  return readConfig({ file, env, flags })
}

const [hash, other] = ['a'.repeat(64), 'b'.repeat(64)]
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const rsaKey = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' })
const jwtEnv = { MEMKEEP_JWT_ISSUER: 'i', MEMKEEP_JWT_AUDIENCE: 'a' }

test('the command line goes before the environment, and that before the file', () => {
  const settings = {
    host: 'from-file',
    port: 1,
    graceSeconds: 1,
    jwt: { issuer: 'i', audience: 'a', jwks: 'https://a/b' },
  }
  const env = { MEMKEEP_PORT: '2', MEMKEEP_GRACE_SECONDS: '2', MEMKEEP_JWT_ISSUER: 'j' }
  const flags = { '--port': { path: ['port'], value: 3 } }
  expect(read(settings, env, flags)).toEqual({
    host: 'from-file',
    port: 3,
    graceSeconds: 2,
    jwt: { issuer: 'j', audience: 'a', jwks: 'https://a/b' },
  })
  expect(readConfig({ env: { MEMKEEP_CONFIG: file }, flags: {} }).host).toBe('from-file')
  expect(readConfig({ env: { MEMKEEP_PORT: '' }, flags: {} })).toEqual({})
})

test('keys of an issuer in the file itself, also those that are for encryption', () => {
  const edKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const jwks = { keys: [{ ...ecKey, kid: 'a', alg: 'ES256' }, edKey, { ...rsaKey(2048), use: 'enc', alg: 'RSA-OAEP' }] }
  expect(read({ jwt: { issuer: 'i', audience: 'a', jwks } }).jwt?.jwks).toEqual(jwks)
})

test('tools and a disclosure budget, in a variable as in the file', () => {
  const said = {
    tools: { calendar: 'user', 'a:b': 'agent', clock: { trust: 'agent', roles: ['clock', 'sync'] } },
    disclosure: { memories: 500, perSeconds: 3600, except: ['export', 'admin'] },
  }
  const env = {
    MEMKEEP_TOOLS: 'calendar:user, a:b:agent, clock:agent/clock+sync',
    MEMKEEP_DISCLOSURE: '500/3600/export,admin',
  }
  expect(read(said)).toEqual(said)
  expect(read({}, env)).toEqual(said)
  expect(keepSettingsOf(env)).toEqual(said)
  expect(keepOptions(said as never)).toEqual({ tools: said.tools, limits: { disclosure: said.disclosure } })
})

test("rights of administrators' keys, in a variable as in the file; keys of issuers over HTTP from this machine", () => {
  const adminKeys = [
    { name: 'root', sha256: hash },
    { name: 'help', sha256: other, rights: ['support', 'aggregates'] },
  ]
  expect(read({ adminKeys })).toEqual({ adminKeys })
  expect(read({}, { MEMKEEP_ADMIN_KEYS: `root:${hash}, help:${other}:support+aggregates` })).toEqual({ adminKeys })
  for (const host of ['127.0.0.1:9', 'localhost', '[::1]:9']) {
    expect(read({}, { ...jwtEnv, MEMKEEP_JWT_JWKS: `http://${host}/keys` }).jwt?.jwks).toBe(`http://${host}/keys`)
  }
})

describe('a fault names its place and no value:', () => {
  const jwt = { issuer: 'i', audience: 'a', jwks: 'https://a/b' }
  test.each<[string, unknown, Record<string, string>, RegExp]>([
    [
      'a proxy that is no address',
      { trustedProxies: ['::1', 'secret-value'] },
      {},
      /memkeep\.json: trustedProxies\.1: /,
    ],
    [
      'a network too wide',
      {},
      { MEMKEEP_TRUSTED_PROXIES: '10.0.0.1, 10.0.0.0/33' },
      /^MEMKEEP_TRUSTED_PROXIES: trusted/,
    ],
    ['a trust that no tool has', { tools: { calendar: 'system' } }, {}, /memkeep\.json: tools\.calendar: /],
    ['a tool without a trust', {}, { MEMKEEP_TOOLS: 'calendar' }, /^MEMKEEP_TOOLS: tools/],
    ['a tool with a word too many', { tools: { calendar: { trust: 'user', role: 'x' } } }, {}, /tools\.calendar/],
    [
      'a budget in half minutes',
      { disclosure: { memories: 1, perSeconds: 90 } },
      {},
      /memkeep\.json: disclosure\.perSeconds: /,
    ],
    ['a budget without a time', {}, { MEMKEEP_DISCLOSURE: '500' }, /^MEMKEEP_DISCLOSURE: disclosure/],
    ['an unknown setting', { hots: 'secret-value' }, {}, /memkeep\.json: unknown: hots/],
    [
      'a deep one',
      { jwt: { ...jwt, claims: { tenent: 'secret-value' } } },
      {},
      /memkeep\.json: jwt\.claims: unknown: tenent/,
    ],
    ['a wrong type', { port: 'secret-value' }, {}, /memkeep\.json: port: /],
    [
      'a wrong type above what a variable says',
      { jwt: 5 },
      { MEMKEEP_JWT_ISSUER: 'secret-value' },
      /memkeep\.json: jwt: /,
    ],
    ['null there', { jwt: null }, { MEMKEEP_JWT_ISSUER: 'secret-value' }, /memkeep\.json: jwt: /],
    [
      'the same of a switch',
      { rateLimits: true },
      { MEMKEEP_RATE_TENANT_PER_MINUTE: '5' },
      /memkeep\.json: rateLimits: /,
    ],
    ['a missing one', { jwt: { issuer: 'i', jwks: 'https://a/b' } }, {}, /memkeep\.json: jwt\.audience: /],
    [
      'a shared secret as an algorithm',
      { jwt: { ...jwt, algorithms: ['HS256'] } },
      {},
      /memkeep\.json: jwt\.algorithms/,
    ],
    ['no algorithm', { jwt: { ...jwt, algorithms: ['none'] } }, {}, /memkeep\.json: jwt\.algorithms/],
    ['a variable', {}, { MEMKEEP_PORT: 'secret-value' }, /^MEMKEEP_PORT: port: /],
    ['a variable out of bounds', {}, { MEMKEEP_PORT: '65536' }, /^MEMKEEP_PORT: port: /],
    ['half of a group of variables', undefined, { MEMKEEP_JWT_ISSUER: 'secret-value' }, /jwt\.audience/],
    [
      'a hash that is none',
      {},
      { MEMKEEP_ADMIN_KEYS: 'root:secret-value' },
      /^MEMKEEP_ADMIN_KEYS: adminKeys: sha256 is 64 hexadecimal/,
    ],
    ['a right that no key has', {}, { MEMKEEP_ADMIN_KEYS: `root:${hash}:keys+secret-value` }, /^MEMKEEP_ADMIN_KEYS: /],
    [
      'a key without any right',
      { adminKeys: [{ name: 'root', sha256: hash, rights: [] }] },
      {},
      /adminKeys\.0\.rights/,
    ],
    ['one part too many', {}, { MEMKEEP_ADMIN_KEYS: `root:${hash}:keys:secret-value` }, /^MEMKEEP_ADMIN_KEYS: /],
    [
      'keys of issuers over plain HTTP, from elsewhere',
      { jwt: { ...jwt, jwks: 'http://id.example/secret-value' } },
      {},
      /memkeep\.json: jwt\.jwks: /,
    ],
    [
      'the same by a name that begins like this machine',
      {},
      { ...jwtEnv, MEMKEEP_JWT_JWKS: 'http://127.0.0.1.example/secret-value' },
      /^MEMKEEP_JWT_JWKS: /,
    ],
    [
      'a shared secret among the keys of an issuer',
      { jwt: { ...jwt, jwks: { keys: [ecKey, { kty: 'oct', k: 'secret-value' }] } } },
      {},
      /memkeep\.json: jwt\.jwks\.keys\.1: holds a secret/,
    ],
    [
      'a private key among them',
      { jwt: { ...jwt, jwks: { keys: [{ ...ecKey, d: 'secret-value' }] } } },
      {},
      /memkeep\.json: jwt\.jwks\.keys\.0: holds a secret/,
    ],
    [
      'a key of no kind',
      { jwt: { ...jwt, jwks: { keys: [ecKey, ecKey, { kty: 'secret-value' }] } } },
      {},
      /memkeep\.json: jwt\.jwks\.keys\.2: no public key/,
    ],
    [
      'a damaged key',
      { jwt: { ...jwt, jwks: { keys: [{ ...ecKey, x: 'secret-value' }] } } },
      {},
      /memkeep\.json: jwt\.jwks\.keys\.0: no public key/,
    ],
    [
      'a short RSA key',
      { jwt: { ...jwt, jwks: { keys: [rsaKey(1024)] } } },
      {},
      /memkeep\.json: jwt\.jwks\.keys\.0: an RSA key of less than 2,048 bits/,
    ],
    ['a public address with a user', { publicUrl: 'https://secret-value@m.example' }, {}, /memkeep\.json: publicUrl: /],
    ['with a query', { publicUrl: 'https://m.example/?secret-value' }, {}, /memkeep\.json: publicUrl: /],
    [
      'with a fragment',
      {},
      { MEMKEEP_PUBLIC_URL: 'https://m.example#secret-value' },
      /^MEMKEEP_PUBLIC_URL: publicUrl: /,
    ],
    [
      'a hash that is none, in the file',
      { adminKeys: [{ name: 'root', sha256: 'secret-value' }] },
      {},
      /memkeep\.json: adminKeys: sha256/,
    ],
    [
      'one key under two names',
      {},
      { MEMKEEP_ADMIN_KEYS: `root:${hash},help:${hash}:support` },
      /^MEMKEEP_ADMIN_KEYS: adminKeys: a hash stands twice/,
    ],
    [
      'a setting that stands twice',
      '{"port": 1, "host": "secret-value", "port": 2}',
      {},
      /memkeep\.json: a key stands twice/,
    ],
    [
      'a deep one that does',
      '{"rateLimits": {"tenantPerMinute": 1, "tenantPerMinute": 2}}',
      {},
      /memkeep\.json: a key stands twice/,
    ],
    [
      'a key that needs no second person',
      { adminKeys: [{ name: 'root', sha256: hash }] },
      { MEMKEEP_SUPPORT_SECOND_PERSON: '1' },
      /memkeep\.json: adminKeys: root: where support needs a second person/,
    ],
    ['a file that is not JSON', '{"port": secret-value}', {}, /memkeep\.json: the file is not JSON/],
    ['a file that is a list', [], {}, /memkeep\.json: must hold an object/],
  ])('%s', (_, settings, env, message) => {
    const reading = () => (settings === undefined ? readConfig({ env, flags: {} }) : read(settings, env))
    expect(reading).toThrow(
      expect.objectContaining({ code: 'ERR_INPUT_INVALID', message: expect.stringMatching(message) }),
    )
    expect(reading).not.toThrow(/secret-value/)
  })

  test('a file that is not there', () => {
    expect(() => readConfig({ file: join(dir, 'no'), env: {}, flags: {} })).toThrow(/no: cannot be read \(ENOENT\)/)
  })
})
