import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

// Bytes that two HTTP parsers may part in two ways. A request that one reader sees and the other does not would be done with whose credential stands in it,
// past what a proxy has checked: so each of these writes a second request where only a careless reader finds one, and the second would add a memory.

let served: Served
let ana: string

beforeAll(async () => {
  served = await Served.start()
  ana = await served.key('acme', 'ana')
})
afterAll(() => served[Symbol.asyncDispose]())

let notes = 0
/** Another one each time: the same statement twice is stored once. */
const note = (): string => `{"content":"smuggled ${String(notes++).padStart(4, '0')}","actor":"user"}`

const adds = (headers: string, body: string): string =>
  `POST /v1/memories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ana}\r\nContent-Type: application/json\r\n${headers}\r\n\r\n${body}`

/** A whole request that adds a memory, and is the connection's last. */
const inner = (): string => adds(`Content-Length: ${note().length}\r\nConnection: close`, note())

const memories = async (): Promise<number> =>
  (await served.ask('GET', '/v1/memories?limit=100', { key: ana })).body.items.length

/** What comes back until the server ends the connection. */
function talk(bytes: string): Promise<string> {
  const { port, hostname } = new URL(served.url)
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'))
    socket.on('data', (data) => {
      heard += data.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })
}

/** Of every answer: the next one follows the body without a line between. */
const statuses = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

test('two requests on one connection, well written, are two: what the others try would be seen', async () => {
  const before = await memories()
  expect(statuses(await talk(`GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n${inner()}`))).toEqual([200, 201])
  expect(await memories()).toBe(before + 1)
})

const get = 'GET /healthz HTTP/1.1\r\nHost: x'

describe.each<[string, () => string]>([
  ['a folded header, with a request in the fold', () => `${get}\r\nA: b\r\n ${inner()}`],
  ['a header folded by a tab', () => `${get}\r\nA: b\r\n\t${inner()}`],
  ['a length in a fold', () => adds('Content-Length:\r\n 4', `null${inner()}`)],
  ['lines that end with LF alone', () => `${get}\n\n${inner()}`],
  ['one header that ends with LF alone', () => `${get}\r\nA: b\nB: c\r\n\r\n${inner()}`],
  ['a bare LF within a value, and a length after it', () => adds('A: b\nContent-Length: 4', `null${inner()}`)],
  ['lines that end with CR alone', () => `${get}\r\r${inner()}`],
  ['a bare CR within a value', () => `${get}\r\nA: b\rContent-Length: 0\r\n\r\n${inner()}`],
  ['a bare CR before the end of the head', () => `${get}\r\nA: b\r\r\n\r\n${inner()}`],
  ['NUL in a value', () => `${get}\r\nA: b\0c\r\n\r\n${inner()}`],
  ['white space before a colon', () => adds('Content-Length : 4', `null${inner()}`)],
  ['a length with a sign', () => adds('Content-Length: +4', `null${inner()}`)],
  ['a length in hex', () => adds('Content-Length: 0x4', `null${inner()}`)],
  ['a length twice in one header', () => adds('Content-Length: 4, 4', `null${inner()}`)],
  ['a length beside chunks', () => adds('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${inner()}`)],
  ['chunked, and something after it', () => adds('Transfer-Encoding: chunked, identity', `0\r\n\r\n${inner()}`)],
  ['chunked in a word that is not it', () => adds('Transfer-Encoding: xchunked', `0\r\n\r\n${inner()}`)],
  ['chunked twice', () => adds('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', `0\r\n\r\n${inner()}`)],
  ['a chunk whose size is no number', () => adds('Transfer-Encoding: chunked', `zz\r\nnull\r\n0\r\n\r\n${inner()}`)],
  ['a chunk size with a sign', () => adds('Transfer-Encoding: chunked', `+4\r\nnull\r\n0\r\n\r\n${inner()}`)],
  ['a chunk size that overflows', () => adds('Transfer-Encoding: chunked', `${'f'.repeat(17)}\r\nnull\r\n${inner()}`)],
  ['a chunk that is longer than it says', () => adds('Transfer-Encoding: chunked', `2\r\nnull\r\n0\r\n\r\n${inner()}`)],
  ['a chunk that ends with LF alone', () => adds('Transfer-Encoding: chunked', `4\r\nnull\n0\r\n\r\n${inner()}`)],
  ['a chunk size that ends with LF alone', () => adds('Transfer-Encoding: chunked', `4\nnull\r\n0\r\n\r\n${inner()}`)],
  [
    'an extension that ends with LF alone',
    () => adds('Transfer-Encoding: chunked', `4;a\nnull\r\n0\r\n\r\n${inner()}`),
  ],
  ['an extension with CR in it', () => adds('Transfer-Encoding: chunked', `4;a=\rb\r\nnull\r\n0\r\n\r\n${inner()}`)],
  ['an extension without an end', () => adds('Transfer-Encoding: chunked', `4;${'a'.repeat(40_000)}`)],
  [
    'an unclosed quote in an extension',
    () => adds('Transfer-Encoding: chunked', `4;a="\r\nnull\r\n0\r\n\r\n${inner()}`),
  ],
])('%s', (_, bytes) => {
  test('is one refusal and the end of the connection; nothing is stored, the server lives', async () => {
    const before = await memories()
    const answer = await talk(bytes())
    expect(statuses(answer)).toEqual([expect.toSatisfy((status: number) => [400, 413, 431].includes(status))])
    expect(answer).toMatch(/^connection: close\r$/im)
    expect(answer).not.toMatch(/\.(ts|js|mjs):\d+|smuggled/)
    expect(await memories()).toBe(before)
    expect((await served.ask('GET', '/healthz')).status).toBe(200)
  })
})

test('extensions of chunks that are well written, and few, change nothing', async () => {
  const chunked = `${note().length.toString(16)};a=b;c="d"\r\n${note()}\r\n0;e\r\n\r\n`
  const before = await memories()
  expect(statuses(await talk(adds('Transfer-Encoding: chunked\r\nConnection: close', chunked)))).toEqual([201])
  expect(await memories()).toBe(before + 1)
})
