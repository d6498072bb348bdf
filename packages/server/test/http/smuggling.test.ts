import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseJson } from '../../src/http/parse-json.ts'
import { type Answer, Served } from '../support/served.ts'

let served: Served
let ana: string
let id: string
const foreign = 'globex-canary-avocet'

beforeAll(async () => {
  served = await Served.start()
  ana = await served.key('acme', 'ana')
  id = await served.add(ana, 'an own note')
  await served.add(await served.key('globex', 'ana'), foreign)
})
afterAll(() => served[Symbol.asyncDispose]())

function refused({ status, body, text }: Answer): void {
  expect([status, body.code]).toEqual([422, 'ERR_INPUT_INVALID'])
  expect(text).not.toMatch(/globex|canary|at .*\.(ts|js)/)
}

const spellings = [
  'tenant',
  'Tenant',
  'TENANT_ID',
  'tenantId',
  'tenant-id',
  'ten ant',
  'ｔｅｎａｎｔ',
  'subject',
  'subject_id',
  'scope',
  '$scope',
  'memkeep.tenant',
  '__proto__',
  'constructor',
  'prototype',
  'principal',
  'user_id',
]

describe.each(spellings)('%s', (name) => {
  test('in a body is refused, and nothing is stored', async () => {
    const before = (await served.ask('GET', '/v1/memories?limit=100', { key: ana })).text
    const field = `${JSON.stringify(name)}:"globex"`
    const body = `{"content":"smuggled","actor":"user",${field}}`
    refused(await served.ask('POST', '/v1/memories', { key: ana, body }))
    refused(await served.ask('POST', '/v1/memories/search', { key: ana, body: `{"query":"note",${field}}` }))
    expect((await served.ask('GET', '/v1/memories?limit=100', { key: ana })).text).toBe(before)
  })

  test('in a query is refused on every route', async () => {
    const query = `?${encodeURIComponent(name)}=globex`
    refused(await served.ask('GET', `/v1/memories${query}`, { key: ana }))
    refused(await served.ask('GET', `/v1/memories/${id}${query}`, { key: ana }))
    refused(await served.ask('DELETE', `/v1/memories/${id}${query}`, { key: ana }))
    refused(await served.ask('POST', `/v1/memories${query}`, { key: ana, body: { content: 'x', actor: 'user' } }))
    refused(await served.ask('POST', `/v1/memories/search${query}`, { key: ana, body: { query: 'x' } }))
  })
})

const headers = [
  'x-tenant-id',
  'X-Tenant',
  'tenant',
  'x_tenant',
  'x-memkeep-tenant',
  'X-MEMKEEP-AS',
  'memkeep-subject',
  'x-scope',
  'subject-id',
]

test.each(headers)('the header %s is refused on every route', async (header) => {
  const asking = { key: ana, headers: { [header]: 'globex' } }
  refused(await served.ask('GET', '/v1/memories', asking))
  refused(await served.ask('GET', `/v1/memories/${id}`, asking))
  refused(await served.ask('DELETE', `/v1/memories/${id}`, asking))
  refused(await served.ask('POST', '/v1/memories', { ...asking, body: { content: 'x', actor: 'user' } }))
  refused(await served.ask('POST', '/v1/memories/search', { ...asking, body: { query: 'x' } }))
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: ana })).status).toBe(200)
})

describe('JSON that two readers read differently', () => {
  const twice = [
    '{"content":"a","content":"b","actor":"user"}',
    '{"content":"a","c\\u006fntent":"b","actor":"user"}',
    '{"content":"a","actor":"user","metadata":{"x":{"k":1,"k":2}}}',
    '{"content":"a","actor":"user","metadata":{"list":[{"k":1},{"k":1,"j":[],"k":3}]}}',
    '{"content":"a","actor":"user","metadata":{"__proto__":{"x":1}}}',
    '{"content":"a","actor":"user","metadata":{"deep":[{"\\u005f_proto__":1}]}}',
  ]

  test.each(twice)('%s is refused', async (body) => {
    // Without our reader one of the two would be taken silently.
    expect(JSON.parse(body)).toMatchObject({ actor: 'user' })
    refused(await served.ask('POST', '/v1/memories', { key: ana, body }))
  })

  test('what only looks like it is taken as it stands', () => {
    const texts = [
      '{"a":"{\\"a\\":1,\\"a\\":2}","b":["a","a",{"a":"a"},{"a":"\\\\"}],"":{"":""}}',
      '"a"',
      '[]',
      '[[],{}]',
    ]
    for (const text of texts) expect(parseJson(text)).toEqual(JSON.parse(text))
  })
})

describe('targets that are not plain', () => {
  const tricks = (own: string) => [
    `/v1/memories/${own.replace('0', '%30')}`,
    `/v1/%6demories/${own}`,
    `/v1/memories/../memories/${own}`,
    `/v1/memories/./${own}`,
    `/v1//memories/${own}`,
    `//v1/memories/${own}`,
    `/v1/memories/${own}/`,
    `/v1/memories/${own}%00`,
    `/v1/memories/${own}%0a`,
    `/v1/memories/%2e%2e%2fmemories%2f${own}`,
    `/v1/memories\\${own}`,
    `/v1/memories/${own};tenant=globex`,
    `/V1/memories/${own}`,
    `/v1/memories/${own.toUpperCase()}`,
    `/v1/memories/{${own}}`,
    `/globex/v1/memories/${own}`,
    `/v1/tenants/globex/memories/${own}`,
    `http://x/v1/memories/../memories/${own}`,
  ]

  test('find nothing, not even what is there', async () => {
    expect((await served.ask('GET', `/v1/memories/${id}`, { key: ana })).status).toBe(200)
    expect((await served.ask('GET', `http://elsewhere/v1/memories/${id}`, { key: ana })).status).toBe(200)
    for (const path of tricks(id)) {
      const { status, text } = await served.ask('GET', path, { key: ana })
      expect([path, status === 404 || status === 400], text).toEqual([path, true])
      expect(text).not.toContain('own note')
    }
  })
})

test('fields that stand twice in a query, or do not decode, are refused', async () => {
  for (const query of ['limit=1&limit=2', 'cursor=a&cursor=b', 'limit=1&LIMIT=2', 'limit[]=1', 'limit', '=', '&']) {
    const { status, body } = await served.ask('GET', `/v1/memories?${query}`, { key: ana })
    expect([query, status, body.code]).toEqual([query, 422, 'ERR_INPUT_INVALID'])
  }
  for (const query of ['tags=%ff', 'tags=%', 'tags=%c3%28', 'tags=%ed%a0%80']) {
    const { status, body } = await served.ask('GET', `/v1/memories?${query}`, { key: ana })
    expect([query, status, body.code]).toEqual([query, 400, 'ERR_REQUEST_MALFORMED'])
  }
})

test('two credentials, or one elsewhere than in its header, are none', async () => {
  const globex = await served.key('globex', 'ana')
  const sent = [
    { headers: { authorization: [`Bearer ${ana}`, `Bearer ${globex}`] } },
    { headers: { authorization: `Bearer ${ana}, Bearer ${globex}` } },
    { headers: { authorization: `Bearer ${ana} ${globex}` } },
    { headers: { authorization: `Basic ${Buffer.from(`:${ana}`).toString('base64')}` } },
    { headers: { authorization: ana } },
    { headers: { cookie: `authorization=${ana}` } },
    { headers: { 'proxy-authorization': `Bearer ${ana}` } },
  ]
  for (const asking of sent) expect((await served.ask('GET', '/v1/memories', asking)).status).toBe(401)
  expect((await served.ask('GET', `/v1/memories?access_token=${ana}`)).status).toBe(401)
})

describe('ways around: refused, in the ledger and counted', () => {
  const attempts = async () =>
    (await served.database.query("select from memkeep.event where action = 'scope.smuggling'")).length
  const counted = async () =>
    Number(/memkeep_scope_smuggling_total (\d+)/.exec((await served.ask('GET', '/metrics')).text)?.[1] ?? 0)
  const note = '"content":"a","actor":"user"'
  const chunked = (trailer: string, path = '/v1/memories', body = `{${note}}`) =>
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer ${ana}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailer}\r\n\r\n`
  const tool = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_memories', arguments: {} } }
  const post = (body: string) => () => served.ask('POST', '/v1/memories', { key: ana, body })

  test.each<[string, number, () => Promise<{ readonly status: number }>]>([
    [
      'a body where none is asked for',
      422,
      () => served.ask('GET', '/v1/memories', { key: ana, body: { tenant: 'x' } }),
    ],
    [
      'a body of a deletion',
      422,
      () => served.ask('DELETE', `/v1/memories/${id}`, { key: ana, body: { subject: 'x' } }),
    ],
    ['a trailer', 422, () => talk(chunked('X-Tenant: globex'))],
    ['a trailer of a tool’s call', 422, () => talk(chunked('X-Tenant: globex', '/mcp', JSON.stringify(tool)))],
    ['a query of a tool’s call', 422, () => served.ask('POST', '/mcp?tenant=globex', { key: ana, body: tool })],
    ['a tenant that stands twice', 422, post(`{${note},"tenant":"a","tenant":"b"}`)],
    ['a tenant beside what stands twice', 422, post(`{"tenant":"a",${note},"actor":"user"}`)],
    ['__proto__ in metadata', 422, post(`{${note},"metadata":{"__proto__":{"x":1}}}`)],
    ['full-width letters', 422, post(`{${note},"\uff54\uff45\uff4e\uff41\uff4e\uff54":"x"}`)],
    ['a letter that is not seen', 422, post(`{${note},"ten\u200bant":"x"}`)],
    ['a query that is percent-encoded', 422, () => served.ask('GET', '/v1/memories?t%65nant=x', { key: ana })],
    ['brackets in a query', 422, () => served.ask('GET', '/v1/memories?filter%5Btenant%5D=x', { key: ana })],
    ['a path', 404, () => served.ask('GET', '/v1/tenants/globex/memories', { key: ana })],
    ['a path that is percent-encoded', 404, () => served.ask('GET', '/v1/t%65nants/globex/memories', { key: ana })],
    ['a path that is encoded twice', 404, () => served.ask('GET', '/v1/memories/%2574enant', { key: ana })],
    ['a path of which some does not decode', 404, () => served.ask('GET', '/v1/memories/%74enant%ff', { key: ana })],
    ['an id', 404, () => served.ask('GET', '/v1/memories/tenant-globex', { key: ana })],
    ['an id within a path', 404, () => served.ask('GET', '/v1/memories/globex.tenant/history', { key: ana })],
    ['an id of what one may not see', 404, () => served.ask('GET', '/v1/audit/subject_ana/proof', { key: ana })],
    ['an id in a deletion', 404, () => served.ask('DELETE', '/v1/memories/tenant-globex', { key: ana })],
    [
      'the address of a resource',
      422,
      () => {
        const params = { uri: 'memkeep://memories/%2574enant' }
        const headers = { accept: 'application/json, text/event-stream' }
        const body = { jsonrpc: '2.0', id: 1, method: 'resources/read', params }
        return served.ask('POST', '/mcp', { key: ana, body, headers })
      },
    ],
  ])('%s', async (_, status, run) => {
    const [before, seen] = [await attempts(), await counted()]
    expect((await run()).status).toBe(status)
    expect([await attempts(), await counted()]).toEqual([before + 1, seen + 1])
    expect((await served.ask('GET', `/v1/memories/${id}`, { key: ana })).status).toBe(200)
  })

  test.each<[string, number, () => Promise<{ readonly status: number }>]>([
    ['an innocent body', 422, () => served.ask('GET', '/v1/memories', { key: ana, body: { limit: 1 } })],
    ['what stands twice, and names nothing', 422, post(`{${note},"actor":"user"}`)],
    ['a path without a credential', 404, () => served.ask('GET', '/v1/tenants/globex/memories')],
    ['an id without a credential', 404, () => served.ask('GET', '/v1/memories/tenant-globex')],
    ['an innocent path', 404, () => served.ask('GET', '/v1/memory', { key: ana })],
    [
      'a name before the host',
      404,
      () =>
        talk(
          `GET http://globex@x/v1/memories HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${ana}\r\n\r\n`,
        ),
    ],
    [
      'two hosts',
      400,
      () => talk(`GET /v1/memories HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer ${ana}\r\n\r\n`),
    ],
  ])('%s is refused, and no attempt', async (_, status, run) => {
    const before = await attempts()
    expect((await run()).status).toBe(status)
    expect(await attempts()).toBe(before)
  })

  test('an empty object where no body is asked for says nothing, and is taken', async () => {
    expect((await served.ask('GET', '/v1/memories', { key: ana, body: {} })).status).toBe(200)
    for (const body of [[], 'null', '""'])
      expect((await served.ask('GET', '/v1/memories', { key: ana, body })).status).toBe(422)
  })

  test('what is not HTTP is counted among the refusals', async () => {
    const malformed = async () =>
      Number(
        /refusals_total{code="ERR_REQUEST_MALFORMED"} (\d+)/.exec((await served.ask('GET', '/metrics')).text)?.[1] ?? 0,
      )
    const before = await malformed()
    expect((await talk('NOT HTTP\r\n\r\n')).status).toBe(400)
    expect(await malformed()).toBe(before + 1)
  })
})

/** The answer to bytes as they are. */
function talk(bytes: string): Promise<{ readonly status: number }> {
  const { port, hostname } = new URL(served.url)
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'))
    socket.on('data', (data) => {
      heard += data
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve({ status: Number(heard.slice(9, 12)) }))
  })
}

test('each attempt stands in the ledger of the tenant whose credential made it; an innocent mistake does not', async () => {
  const count = async () =>
    (await served.database.query("select outcome from memkeep.event where action = 'scope.smuggling'")).length
  const attempts: [string, string, object][] = [
    ['POST', '/v1/memories', { body: { content: 'x', actor: 'user', tenantId: 'globex' } }],
    ['POST', '/v1/memories/batch', { body: { memories: [{ content: 'x', actor: 'user', subject: 'x' }] } }],
    ['POST', '/v1/memories/search', { body: { query: 'x', weights: { scope: 1 } } }],
    ['GET', '/v1/memories?Tenant=globex', {}],
    ['GET', `/v1/memories/${id}`, { headers: { 'X-Tenant-Id': 'globex' } }],
    ['PUT', `/v1/memories/${id}`, { body: { actor: 'user', tenant: 'globex' } }],
    ['DELETE', `/v1/memories/${id}?subject=x`, {}],
    ['GET', '/v1/export?tenant=globex', {}],
    ['POST', '/v1/tokens', { body: { subject: 'ana', tenant: 'globex' } }],
  ]
  for (const [method, path, asking] of attempts) {
    const before = await count()
    refused(await served.ask(method, path, { key: ana, ...asking }))
    expect([method, path, await count()]).toEqual([method, path, before + 1])
  }
  const before = await count()
  await served.ask('POST', '/v1/memories', { key: ana, body: { content: 'x', actor: 'user', contents: 'y' } })
  await served.ask('GET', '/v1/memories?limits=1', { key: ana })
  await served.ask('GET', '/v1/memories?tenant=globex')
  expect(await count()).toBe(before)
})
