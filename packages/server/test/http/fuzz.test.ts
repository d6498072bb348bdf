import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, Served } from '../support/served.ts'

/** A failure prints its seed; `MEMKEEP_TEST_SEED` replays it, `MEMKEEP_TEST_RUNS` multiplies the runs. */
const { MEMKEEP_TEST_SEED, MEMKEEP_TEST_RUNS = '1' } = process.env
const seed = Number(MEMKEEP_TEST_SEED ?? Date.now() % 2 ** 31)
const runs = (numRuns: number) => ({ seed, numRuns: numRuns * Number(MEMKEEP_TEST_RUNS) })

const canaries = ['globex', 'cassowary-canary', 'kakapo-canary']
let served: Served
let key: string
let own: string
let foreign: string
let victim: string

beforeAll(async () => {
  console.log(`fuzz: MEMKEEP_TEST_SEED=${seed}`)
  served = await Served.start()
  key = await served.key('acme', 'ana')
  victim = await served.key('globex', 'ana')
  foreign = await served.add(victim, 'the word is cassowary-canary', {
    tags: ['kakapo-canary'],
    metadata: { a: 'globex' },
  })
  own = await served.add(key, 'a note of our own')
})
afterAll(async () => {
  // The other tenant's memory is as it was, whatever was sent.
  const { body } = await served.ask('GET', '/v1/memories', { key: victim })
  expect(body.items).toMatchObject([{ id: foreign, version: 1, content: 'the word is cassowary-canary' }])
  await served[Symbol.asyncDispose]()
})

/** What holds for the answer to anything at all. `sent` may itself carry a canary: then its echo is not a leak. */
function holds({ status, headers, text, body }: Answer, sent: string): void {
  expect(status, text).toBeLessThan(500)
  expect(text).not.toMatch(/\bat .*[/\\][\w.-]+\.(ts|js|mjs):\d+|node_modules|node:internal|SELECT|memkeep\./)
  for (const canary of canaries) if (!sent.includes(canary)) expect(text).not.toContain(canary)
  if (status < 400 || text === '') return
  expect(headers['content-type']).toBe('application/problem+json')
  expect(Object.keys(body).sort()).toEqual(['code', 'detail', 'status', 'title', 'type'])
  expect(body.status).toBe(status)
  expect(body.code).toMatch(/^ERR_[A-Z_]+$/)
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '*',
    '%',
    '..',
    '/',
    '\u0000',
    '\u202e',
    '\ud800',
    "' or 1=1 --",
    '{{1}}',
    '[object Object]',
    'ana',
    'acme',
  ),
)
const moment = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .date({ noInvalidDate: true, min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') })
      .map((date) => date.toISOString()),
  },
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    '2026-01-01',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999+14:00',
    '2026-01-01T00:00:00.123456Z',
    'now',
  ),
)
const anything = fc.oneof(fc.jsonValue({ maxDepth: 4 }), text, moment)
const mostly = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 24, arbitrary: usual }, { weight: 1, arbitrary: anything })
/** A plain word most of the time, so that one bad field does not hide the others. */
const word = fc.oneof({ weight: 20, arbitrary: fc.stringMatching(/^[a-z]{1,8}$/) }, { weight: 1, arbitrary: text })
const id = fc.oneof(fc.constantFrom('OWN', 'FOREIGN'), fc.uuid(), text)

const addBody = fc.record(
  {
    content: mostly(fc.oneof(text, word)),
    actor: mostly(fc.constantFrom('user', 'agent', 'tool', 'system')),
    sensitivity: mostly(fc.constantFrom('public', 'private', 'sensitive')),
    kind: mostly(fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/)),
    tags: mostly(fc.array(word, { maxLength: 40 })),
    metadata: mostly(fc.dictionary(word, fc.jsonValue({ maxDepth: 5 }))),
    source: mostly(word),
    derivedFrom: mostly(fc.array(id, { maxLength: 1 })),
    at: mostly(moment),
    session: mostly(word),
    expiresAt: mostly(moment),
  },
  { requiredKeys: ['content', 'actor'] },
)
const searchBody = fc.record(
  {
    query: mostly(fc.oneof(text, word)),
    limit: mostly(fc.integer({ min: 1, max: 101 })),
    minTrust: mostly(fc.constantFrom('external', 'user', 'agent', 'system')),
    sensitivity: mostly(fc.subarray(['public', 'private', 'sensitive'])),
    kinds: mostly(fc.array(word, { maxLength: 3 })),
    tags: mostly(fc.array(word, { maxLength: 3 })),
    agent: mostly(word),
    session: mostly(word),
    since: mostly(moment),
    until: mostly(moment),
    explain: mostly(fc.boolean()),
  },
  { requiredKeys: ['query'] },
)

function withIds(json: string): string {
  return json.replaceAll('OWN', own).replaceAll('FOREIGN', foreign)
}

test('bodies near to the schemas, and far from them', async () => {
  const body = fc.oneof(
    { weight: 5, arbitrary: addBody.map((value) => ['/v1/memories', JSON.stringify(value)] as const) },
    { weight: 5, arbitrary: searchBody.map((value) => ['/v1/memories/search', JSON.stringify(value)] as const) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom('/v1/memories', '/v1/memories/search'), fc.json()) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('/v1/memories', '/v1/memories/search'), text) },
  )
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(body, async ([path, json]) => {
      const sent = withIds(json)
      const answer = await served.ask('POST', path, { key, body: sent })
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      holds(answer, sent)
    }),
    runs(1500),
  )
  // The arbitraries reach both sides of every schema.
  for (const status of [200, 201, 422]) expect(statuses.get(status) ?? 0, `status ${status}`).toBeGreaterThan(50)
})

test('bytes with one of them changed', async () => {
  const whole = fc.tuple(addBody, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom('flip', 'cut', 'insert'))
  await fc.assert(
    fc.asyncProperty(whole, async ([value, at, byte, how]) => {
      const bytes = Buffer.from(withIds(JSON.stringify(value)))
      const place = at % bytes.length
      if (how === 'flip') bytes[place] = byte
      const sent =
        how === 'cut'
          ? bytes.subarray(0, place)
          : how === 'insert'
            ? Buffer.concat([bytes.subarray(0, place), Buffer.from([byte]), bytes.subarray(place)])
            : bytes
      holds(await served.ask('POST', '/v1/memories', { key, body: sent }), sent.toString('utf8'))
    }),
    runs(500),
  )
})

const targetCharacters = fc.stringMatching(/^[!-~]{0,30}$/)
const target = fc.oneof(
  fc
    .tuple(fc.constantFrom('OWN', 'FOREIGN', '', 'search'), targetCharacters)
    .map(([at, rest]) => `/v1/memories/${at}${rest}`),
  fc
    .array(
      fc.constantFrom('v1', 'memories', '..', '.', '', '%2e%2e', '%2F', '%00', 'FOREIGN', 'search', ';a=b', '\\'),
      { maxLength: 7 },
    )
    .map((parts) => `/${parts.join('/')}`),
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom('limit', 'cursor', 'kinds', 'tags', 'tenant'), text), text), {
      maxLength: 4,
    })
    .map((pairs) => `/v1/memories?${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}`),
  targetCharacters.map((query) => `/v1/memories?${query}`),
  targetCharacters.map((path) => `/${path}`),
)

function encode(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : '%ed%a0%80'
}

test('targets, with every method', async () => {
  const methods = fc.constantFrom(
    'GET',
    'GET',
    'GET',
    'DELETE',
    'POST',
    'PUT',
    'PATCH',
    'HEAD',
    'OPTIONS',
    'TRACE',
    'REPORT',
  )
  await fc.assert(
    fc.asyncProperty(methods, target, async (method, path) => {
      const sent = withIds(path)
      const isOwn = method === 'DELETE' && sent === `/v1/memories/${own}`
      if (!isOwn) holds(await served.ask(method, sent, { key }), sent)
    }),
    runs(1500),
  )
})

test('headers', async () => {
  const name = fc.oneof(
    fc.constantFrom(
      'x-tenant-id',
      'x-forwarded-for',
      'accept',
      'cookie',
      'idempotency-key',
      'content-type',
      'content-encoding',
    ),
    fc.constantFrom(
      'if-match',
      'range',
      'x-http-method-override',
      'origin',
      'forwarded',
      'baggage',
      'via',
      '__proto__',
    ),
    fc
      .stringMatching(/^[a-z][a-z-]{0,12}$/)
      .filter((each) => !['connection', 'upgrade', 'te', 'host', 'expect'].includes(each)),
  )
  const value = fc.oneof(fc.stringMatching(/^[\x20-\x7e]{0,40}$/), fc.stringMatching(/^[\x80-\xff]{1,10}$/))
  const headers = fc.array(fc.tuple(name, value), { maxLength: 5 })
  const call = fc.constantFrom(['GET', '/v1/memories'], ['POST', '/v1/memories'], ['POST', '/v1/memories/search'])
  await fc.assert(
    fc.asyncProperty(call, headers, async ([method, path], pairs) => {
      const body = path!.endsWith('search') ? { query: 'note' } : { content: 'a note', actor: 'user' }
      const asking = { key, headers: Object.fromEntries(pairs), ...(method === 'POST' ? { body } : {}) }
      holds(await served.ask(method!, path!, asking), JSON.stringify(asking))
    }),
    runs(500),
  )
})
