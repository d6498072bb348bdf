import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, Served } from '../support/served.ts'

let served: Served
let ana: string
let bruno: string
let globexAna: string

beforeAll(async () => {
  served = await Served.start()
  ana = await served.key('acme', 'ana')
  bruno = await served.key('acme', 'bruno')
  globexAna = await served.key('globex', 'ana')
})
afterAll(() => served[Symbol.asyncDispose]())

const missing = '01890000-0000-7000-8000-000000000000'

/** All of an answer but the time and the number that it was given. */
function all({ status, headers, text }: Answer): object {
  const { date: _, 'x-request-id': __, ...rest } = headers
  return { status, headers: rest, text }
}

test('health needs no key and says nothing else', async () => {
  const { status, body, headers } = await served.ask('GET', '/healthz')
  expect([status, body]).toEqual([200, { status: 'ok' }])
  expect(headers['cache-control']).toBe('no-store')
})

test('add, get, search, list and delete, as the library answers', async () => {
  const given = {
    content: 'Zoë prefers the heron route\u2028home',
    actor: 'user',
    sensitivity: 'public',
    kind: 'preference',
    tags: ['travel', 'a/b:c%*'],
    metadata: { nested: [1, { deep: null }], tenant: 'is a word like any other here' },
    source: 'a talk',
    at: '2026-03-01T10:00:00.250+01:00',
    session: 's1',
  }
  const added = await served.ask('POST', '/v1/memories', { key: ana, body: given })
  expect(added.status).toBe(201)
  const { id } = added.body
  expect(added.headers.location).toBe(`/v1/memories/${id}`)
  expect(added.body).toEqual({ outcome: 'stored', id, version: 1, trust: 'user', durableUntil: null, verdict: 'allow' })

  const { status, body } = await served.ask('GET', `/v1/memories/${id}`, { key: ana })
  expect(status).toBe(200)
  expect(body).toMatchObject({ ...given, at: '2026-03-01T09:00:00.250Z', id, version: 1, subject: null, common: false })

  const search = await served.ask('POST', '/v1/memories/search', {
    key: ana,
    body: { query: 'heron', tags: ['travel'] },
  })
  expect(search.status).toBe(200)
  expect(search.body.memories.map((each: { id: string }) => each.id)).toEqual([id])
  expect(search.body.evidence).toContain(id)

  const list = await served.ask('GET', '/v1/memories?kinds=preference&tags=travel&tags=a%2Fb:c%25*&limit=1', {
    key: ana,
  })
  expect(list.body).toEqual({ items: [body], nextCursor: null })

  for (const [asked, found] of [
    ['sensitivity=public&sensitivity=private', [id]],
    ['sensitivity=private', []],
  ] as const) {
    const of = await served.ask('GET', `/v1/memories?tags=travel&${asked}`, { key: ana })
    expect(of.body.items.map((each: { id: string }) => each.id)).toEqual(found)
  }
  const others = { query: 'heron', sensitivity: ['private', 'sensitive'] }
  expect((await served.ask('POST', '/v1/memories/search', { key: ana, body: others })).body.memories).toEqual([])

  const gone = await served.ask('DELETE', `/v1/memories/${id}`, { key: ana })
  expect([gone.status, gone.text]).toEqual([204, ''])
  expect((await served.ask('DELETE', `/v1/memories/${id}`, { key: ana })).status).toBe(404)
})

test('a list goes on at its cursor, and every memory comes once', async () => {
  const key = await served.key('acme', 'carla')
  const ids = []
  for (let number = 0; number < 5; number++) ids.push(await served.add(key, `note ${number}`))
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await served.ask('GET', `/v1/memories?limit=2${cursor && `&cursor=${cursor}`}`, { key })
    seen.push(...body.items.map((each: { id: string }) => each.id))
    cursor = body.nextCursor
  }
  expect(seen).toEqual(ids.reverse())
})

test('the same idempotency key answers as the first time, and refuses another body', async () => {
  const headers = { 'idempotency-key': 'order-17' }
  const body = { content: 'once', actor: 'user' }
  const first = await served.ask('POST', '/v1/memories', { key: ana, headers, body })
  const again = await served.ask('POST', '/v1/memories', { key: ana, headers, body })
  expect(first.status).toBe(201)
  expect(again.body).toEqual(first.body)
  const other = await served.ask('POST', '/v1/memories', { key: ana, headers, body: { ...body, content: 'twice' } })
  expect([other.status, other.body.code]).toEqual([422, 'ERR_IDEMPOTENCY_MISMATCH'])
  const foreign = await served.ask('POST', '/v1/memories', { key: globexAna, headers, body })
  expect(foreign.body.id).not.toBe(first.body.id)
})

describe("another's memories", () => {
  const canary = 'cormorant-canary'
  let id: string
  beforeAll(async () => {
    id = await served.add(ana, `the word is ${canary}`, { tags: ['mine'] })
  })

  test('the owner reaches them by every route', async () => {
    expect((await served.ask('GET', `/v1/memories/${id}`, { key: ana })).text).toContain(canary)
    expect((await served.ask('GET', '/v1/memories', { key: ana })).text).toContain(canary)
    expect((await served.ask('POST', '/v1/memories/search', { key: ana, body: { query: canary } })).text).toContain(
      canary,
    )
  })

  test.each(['bruno of the same tenant', 'ana of another tenant'])('%s reaches them by none', async (who) => {
    const key = who.startsWith('bruno') ? bruno : globexAna
    for (const method of ['GET', 'DELETE']) {
      const foreign = await served.ask(method, `/v1/memories/${id}`, { key })
      expect(foreign.status).toBe(404)
      expect(all(foreign)).toEqual(all(await served.ask(method, `/v1/memories/${missing}`, { key })))
      expect(all(foreign)).toEqual(all(await served.ask(method, '/v1/memories/not-an-id', { key })))
    }
    const found = await served.ask('POST', '/v1/memories/search', { key, body: { query: canary, limit: 100 } })
    expect(found.body.memories).toEqual([])
    const listed = await served.ask('GET', '/v1/memories?limit=100&tags=mine', { key })
    expect(listed.body).toEqual({ items: [], nextCursor: null })
    const derived = { content: 'from it', actor: 'user', derivedFrom: [id] }
    const made = await served.ask('POST', '/v1/memories', { key, body: derived })
    const unmade = await served.ask('POST', '/v1/memories', { key, body: { ...derived, derivedFrom: [missing] } })
    expect(made.status).toBe(422)
    expect(all(made)).toEqual(all(unmade))
    expect((await served.ask('GET', `/v1/memories/${id}`, { key: ana })).status).toBe(200)
  })
})

describe('a key of the tenant as a whole', () => {
  test('with the right: reads every subject of its tenant, by name; writes what is common', async () => {
    const admin = await served.key('acme', null, ['admin'])
    const id = await served.add(ana, 'ana keeps a kestrel')
    await served.add(globexAna, 'another keeps a kestrel')
    const { body } = await served.ask('GET', `/v1/memories/${id}`, { key: admin })
    expect(body).toMatchObject({ id, subject: 'ana', common: false })
    const found = await served.ask('POST', '/v1/memories/search', { key: admin, body: { query: 'kestrel' } })
    expect(found.body.memories.map((each: { id: string }) => each.id)).toEqual([id])
    const common = await served.add(admin, 'the office opens at nine')
    expect((await served.ask('GET', `/v1/memories/${common}`, { key: ana })).body).toMatchObject({ common: true })
    expect((await served.ask('DELETE', `/v1/memories/${common}`, { key: ana })).status).toBe(404)
    expect((await served.ask('DELETE', `/v1/memories/${id}`, { key: admin })).status).toBe(404)
    expect((await served.ask('DELETE', `/v1/memories/${common}`, { key: admin })).status).toBe(204)
  })

  test('without the right: reads what is common, and writes nothing', async () => {
    const plain = await served.key('acme', null)
    const id = await served.add(ana, 'ana keeps a linnet')
    expect((await served.ask('GET', `/v1/memories/${id}`, { key: plain })).status).toBe(404)
    const found = await served.ask('POST', '/v1/memories/search', { key: plain, body: { query: 'linnet' } })
    expect([found.status, found.body.memories]).toEqual([200, []])
    const written = await served.ask('POST', '/v1/memories', { key: plain, body: { content: 'x', actor: 'user' } })
    expect([written.status, written.body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
  })
})

test('a right that the role does not bring is 403', async () => {
  const reader = await served.key('acme', 'ana', ['export'])
  const { status, body, headers } = await served.ask('POST', '/v1/memories', {
    key: reader,
    body: { content: 'x', actor: 'user' },
  })
  expect([status, body.code, headers['content-type']]).toEqual([403, 'ERR_ACCESS_DENIED', 'application/problem+json'])
  const claimed = await served.ask('POST', '/v1/memories', { key: ana, body: { content: 'x', actor: 'system' } })
  expect([claimed.status, claimed.body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
})

test('routes and methods that do not exist are problems too', async () => {
  const unknown = ['/', '/v1', '/v1/', '/v1/memories/', '/v2/memories', '/v1/memories/a/b', '/healthz/', '/openapi']
  for (const path of unknown) {
    const { status, body } = await served.ask('GET', path, { key: ana })
    expect([path, status, body?.code]).toEqual([path, 404, 'ERR_NOT_FOUND'])
  }
  const others: [string, string, string][] = [
    ['PUT', '/v1/memories', 'GET, POST'],
    ['HEAD', '/v1/memories', 'GET, POST'],
    ['OPTIONS', '/v1/memories', 'GET, POST'],
    ['GET', '/v1/memories/search', 'POST'],
    ['DELETE', '/v1/memories/search', 'POST'],
    ['PATCH', `/v1/memories/${missing}`, 'DELETE, GET, PUT'],
    ['HEAD', `/v1/memories/${missing}`, 'DELETE, GET, PUT'],
    ['PROPFIND', '/v1/memories', 'GET, POST'],
    ['POST', '/healthz', 'GET, HEAD'],
  ]
  for (const [method, path, allow] of others) {
    const { status, body, headers } = await served.ask(method, path, { key: ana })
    expect([method, path, status, headers.allow]).toEqual([method, path, 405, allow])
    if (method !== 'HEAD') expect(body.code).toBe('ERR_METHOD_NOT_ALLOWED')
  }
  expect((await served.ask('HEAD', '/healthz')).status).toBe(200)
})

test('a memory may be told to get its vector later; without an embedder there is none to wait for', async () => {
  const add = (embed: string) =>
    served.ask('POST', '/v1/memories', { key: ana, body: { content: 'x', actor: 'user', embed } })
  const { status, body } = await add('later')
  expect([status, body.outcome]).toEqual([201, 'stored'])
  expect((await add('soon')).body.code).toBe('ERR_INPUT_INVALID')
})
