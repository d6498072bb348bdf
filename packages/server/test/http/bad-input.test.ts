import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

let served: Served
let ana: string

beforeAll(async () => {
  served = await Served.start()
  ana = await served.key('acme', 'ana')
})
afterAll(() => served[Symbol.asyncDispose]())

const note = { content: 'x', actor: 'user' }

async function added(body: unknown, headers: Record<string, string> = {}) {
  const answer = await served.ask('POST', '/v1/memories', { key: ana, body, headers })
  return [answer.status, answer.body?.code]
}

describe('bodies', () => {
  test.each([
    ['nothing', ''],
    ['half an object', '{"content":"a"'],
    ['two values', '{} {}'],
    ['a trailing comma', '{"content":"a","actor":"user",}'],
    ['a byte order mark', `\ufeff${JSON.stringify(note)}`],
    ['NaN', '{"content":NaN,"actor":"user"}'],
    ['bytes that are not UTF-8', Buffer.from('{"content":"\xff","actor":"user"}', 'latin1')],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['compressed bytes', Buffer.from('1f8b08000000000000ff', 'hex')],
  ])('%s: 400', async (_, body) => {
    expect(await added(body)).toEqual([400, 'ERR_REQUEST_MALFORMED'])
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
    '',
  ])('of type %j: 415', async (type) => {
    expect(await added(note, { 'content-type': type })).toEqual([415, 'ERR_MEDIA_TYPE'])
  })

  test('that say to be compressed: 415; with a charset or another case: taken', async () => {
    expect(await added(note, { 'content-encoding': 'gzip' })).toEqual([415, 'ERR_MEDIA_TYPE'])
    for (const type of ['application/json;charset=utf-8', 'Application/JSON; charset="UTF-8"']) {
      expect(await added(note, { 'content-type': type })).toEqual([201, undefined])
    }
  })

  test.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['a string', '"a"'],
    ['no actor', { content: 'a' }],
    ['another actor', { ...note, actor: 'root' }],
    ['content that is a number', { ...note, content: 1 }],
    ['content that is null', { ...note, content: null }],
    ['empty content', { ...note, content: '' }],
    ['white space', { ...note, content: ' \n\t ' }],
    ['NUL', { ...note, content: 'a\u0000b' }],
    ['a lone surrogate', '{"content":"\\ud800","actor":"user"}'],
    ['a tag with a lone surrogate', '{"content":"a","actor":"user","tags":["\\udc00"]}'],
    ['a kind with a capital', { ...note, kind: 'Note' }],
    ['metadata that is a list', { ...note, metadata: [] }],
    ['metadata that is null', { ...note, metadata: null }],
    ['a day that is not there', { ...note, at: '2026-02-30T00:00:00Z' }],
    ['a time without a zone', { ...note, at: '2026-02-03T00:00:00' }],
    ['a time finer than a millisecond', { ...note, at: '2026-02-03T00:00:00.0001Z' }],
    ['a time as a number', { ...note, at: 0 }],
    ['an expiry that has passed', { ...note, expiresAt: '2020-01-01T00:00:00Z' }],
    ['sources that are not ids', { ...note, derivedFrom: ['*'] }],
    ['an unknown field', { ...note, contents: 'a' }],
    ['a whole number that would be rounded', '{"content":"a","actor":"user","metadata":{"n":12345678901234567890}}'],
    ['nesting that is too deep', `{"content":"a","actor":"user","metadata":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`],
    ['nesting that would end a stack', '['.repeat(500_000) + ']'.repeat(500_000)],
  ])('%s: 422', async (_, body) => {
    expect(await added(body)).toEqual([422, 'ERR_INPUT_INVALID'])
  })
})

describe('limits of the contract: at the limit it is taken, one more is 413', () => {
  const tooLarge = [413, 'ERR_INPUT_TOO_LARGE']
  const kiB = 1024

  test.each<[string, (excess: number) => object]>([
    ['32 KiB of content', (excess) => ({ content: 'a'.repeat(32 * kiB + excess) })],
    [
      '32 KiB of content in bytes, not characters',
      (excess) => ({ content: 'é'.repeat(16 * kiB) + 'a'.repeat(excess) }),
    ],
    ['8 KiB of metadata', (excess) => ({ metadata: { a: 'a'.repeat(8 * kiB - '{"a":""}'.length + excess) } })],
    ['32 tags', (excess) => ({ tags: Array.from({ length: 32 + excess }, (_, index) => `t${index}`) })],
    ['128 characters of a tag', (excess) => ({ tags: ['😀'.repeat(128 + excess)] })],
  ])('%s', async (_, field) => {
    expect(await added({ ...note, ...field(0) })).toEqual([201, undefined])
    expect(await added({ ...note, ...field(1) })).toEqual(tooLarge)
  })

  test('8 KiB of query, and 100 results', async () => {
    const search = async (body: object) => {
      const answer = await served.ask('POST', '/v1/memories/search', { key: ana, body })
      return [answer.status, answer.body.code]
    }
    expect(await search({ query: 'a'.repeat(8 * kiB) })).toEqual([200, undefined])
    expect(await search({ query: 'a'.repeat(8 * kiB + 1) })).toEqual(tooLarge)
    expect(await search({ query: 'a', limit: 100 })).toEqual([200, undefined])
    expect(await search({ query: 'a', limit: 101 })).toEqual(tooLarge)
    for (const limit of [0, -1, 1.5, '5', 1e21]) expect((await search({ query: 'a', limit }))[0]).not.toBe(200)
    const list = async (limit: string) => (await served.ask('GET', `/v1/memories?limit=${limit}`, { key: ana })).status
    expect(await list('100')).toBe(200)
    expect(await list('101')).toBe(413)
    for (const limit of ['0', '-1', '1.5', '1e1', '0x10', '+5', '%205', '', '٣', '9'.repeat(400)]) {
      expect([limit, await list(encodeURI(limit))]).toEqual([limit, 422])
    }
  })

  test('a cursor that no list gave is 422', async () => {
    for (const cursor of ['', 'a', Buffer.from('1/x').toString('base64url'), 'a'.repeat(4000)]) {
      expect((await served.ask('GET', `/v1/memories?cursor=${cursor}`, { key: ana })).status).toBe(422)
    }
  })

  test('1 MiB of content is 413, and so is a body that does not say how long it is', async () => {
    expect(await added({ ...note, content: 'a'.repeat(kiB * kiB) })).toEqual(tooLarge)
    const body = Buffer.from(JSON.stringify({ ...note, content: 'a'.repeat(3 * kiB * kiB) }))
    const chunked = { 'transfer-encoding': 'chunked', 'content-length': [] as string[] }
    const answer = await served.ask('POST', '/v1/memories', { key: ana, body, headers: chunked })
    expect([answer.status, answer.body.code]).toEqual(tooLarge)
    expect(await added(note)).toEqual([201, undefined])
  })
})

test('numbers come back as they were sent', async () => {
  const metadata = '{"a":9007199254740991,"b":-9007199254740991,"c":1152921504606847000,"d":1e21,"e":0.1,"f":-0.5}'
  const { body } = await served.ask('POST', '/v1/memories', {
    key: ana,
    body: `{"content":"a","actor":"user","metadata":${metadata}}`,
  })
  const { text } = await served.ask('GET', `/v1/memories/${body.id}`, { key: ana })
  expect(text).toContain(`"metadata":${metadata.replace('1e21', '1e+21')}`)
})

test('100 MB are refused when they are announced, and memory stays flat when they come', async () => {
  const size = 100 * 1024 * 1024
  const before = process.memoryUsage().rss
  const head = `POST /v1/memories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ana}\r\nContent-Type: application/json\r\n`
  expect(await talk(`${head}Content-Length: ${size}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /)
  const piece = 'a'.repeat(64 * 1024)
  const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`
  expect(await talk(`${head}Transfer-Encoding: chunked\r\n\r\n`, chunk, size / piece.length)).toMatch(
    /^HTTP\/1\.1 413 /,
  )
  expect(process.memoryUsage().rss - before).toBeLessThan(size)
  expect(await added(note)).toEqual([201, undefined])
})

test.each([
  ['not HTTP', 'hello\r\n\r\n', 400],
  ['a header without a colon', 'GET /healthz HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n', 400],
  ['two lengths', 'POST /v1/memories HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello', 400],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a folded header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
  ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
  ['HTTP/1.0 without a Host', 'GET /healthz HTTP/1.0\r\n\r\n', 400],
  ['a Host that is no host', 'GET /healthz HTTP/1.1\r\nHost: a b@c/d\r\n\r\n', 400],
  ['headers without end', `GET /healthz HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(40_000)}\r\n\r\n`, 431],
  ['an expectation', 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\nConnection: close\r\n\r\n', 417],
  ['a target that is a star', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400],
  [
    'an upgrade',
    'GET /v1/memories HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    401,
  ],
])('%s is a problem with an id that stands in the log, and the server lives', async (_, bytes, status) => {
  const answer = await talk(bytes)
  const id = /^x-request-id: (\S+)\r$/im.exec(answer)?.[1]
  expect(served.lines.filter((line) => line.id === id)).toMatchObject([
    { status, code: expect.stringMatching(/^ERR_/) },
  ])
  for (const header of [/^cache-control: no-store\r$/im, /^x-content-type-options: nosniff\r$/im])
    expect(answer).toMatch(header)
  expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer).not.toMatch(/\.(ts|js|mjs):\d+/)
  expect((await served.ask('GET', '/healthz')).status).toBe(200)
})

/** Sends bytes, then `more` as often as told or until the server has answered; returns what came back. */
function talk(bytes: string, more = '', times = 0): Promise<string> {
  return new Promise((resolve) => {
    const { port, hostname } = new URL(served.url)
    let heard = ''
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes)
      let left = times
      const pump = (): void => {
        while (left-- > 0 && !socket.destroyed) if (!socket.write(more)) return
      }
      socket.on('drain', pump)
      pump()
    })
    const end = (): void => {
      socket.destroy()
      resolve(heard)
    }
    socket.on('data', (data) => {
      heard += data
      if (heard.includes('\r\n\r\n')) setTimeout(end, 50)
    })
    socket.on('error', end).on('close', end)
    setTimeout(end, 20_000).unref()
  })
}
