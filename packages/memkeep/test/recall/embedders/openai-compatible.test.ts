import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { testEmbedder } from '../../../src/conformance/embedder.ts'
import { type OpenAiCompatibleInput, openAiCompatible } from '../../../src/recall/drivers/openai-compatible.ts'
import { embedAll, embedToStore } from '../../../src/recall/embedder.ts'
import { codeOf, errorOf } from '../../support/code-of.ts'
import { answerTo, type Fault, json, refuse, StandInServer, spoilt, verbatim } from './stand-in-server.ts'

let server: StandInServer
beforeEach(async () => {
  server = await StandInServer.start()
})
afterEach(() => server[Symbol.asyncDispose]())

const waits: number[] = []
const seams = {
  wait: async (ms: number) => void waits.push(ms),
  random: () => 0.5,
}
const embedder = (more: Partial<OpenAiCompatibleInput> = {}) => {
  waits.length = 0
  return openAiCompatible({ baseUrl: server.baseUrl, model: 'stand-in', seams, ...more })
}
const embed = (more: Partial<OpenAiCompatibleInput> = {}, texts = ['a', 'b']) => embedAll(embedder(more), texts)
const failing = (...faults: Fault[]) => {
  server.next(...faults)
  return errorOf(embed())
}

test('keeps every promise of an embedder', async () => {
  const again = openAiCompatible({ baseUrl: `${server.baseUrl}/`, model: 'stand-in' })
  await testEmbedder(async () => ({ embedder: embedder(), again, dimensions: 24 }))
})

describe('a request', () => {
  test('is what OpenAI documents', async () => {
    await embed({ apiKey: 'sk-1', headers: { 'x-team': 'blue' } })
    const [{ path, headers, body }] = server.seen as [StandInServer['seen'][number]]
    expect(path).toBe('/v1/embeddings')
    expect(headers).toMatchObject({
      authorization: 'Bearer sk-1',
      'content-type': 'application/json',
      'x-team': 'blue',
    })
    expect(body).toEqual({ model: 'stand-in', input: ['a', 'b'] })
  })

  test('keeps what stands behind the path, as Azure wants it', async () => {
    await embed({ baseUrl: `${server.baseUrl}?api-version=2024-10-21` })
    expect(server.seen[0]!.path).toBe('/v1/embeddings?api-version=2024-10-21')
  })

  test('asks for a dimension when it is told to, and only then', async () => {
    const [vector] = await embed({ dimensions: 12, sendDimensions: true })
    expect(vector).toHaveLength(12)
    await embed({ dimensions: 24 })
    expect(server.seen.map(({ body }) => body.dimensions)).toEqual([12, undefined])
  })

  test('asks for the key anew each time, also between tries', async () => {
    let asked = 0
    server.next(refuse(500))
    await embed({ apiKey: async () => `key-${asked++}` })
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer key-0', 'Bearer key-1'])
  })

  test('carries at most 32 texts, and at most four are under way', async () => {
    const slow: Fault = (response, request) => void setTimeout(() => json(response, 200, answerTo(request)), 20)
    server.next(...Array.from({ length: 20 }, () => slow))
    const texts = Array.from({ length: 300 }, (_, at) => `text ${at}`)
    const one = embedder()
    const lists = await Promise.all([embedAll(one, texts), embedAll(one, texts)])
    expect(lists.map((list) => list.length)).toEqual([300, 300])
    expect(Math.max(...server.seen.map(({ body }) => body.input.length))).toBe(32)
    expect(server.seen).toHaveLength(20)
    expect(server.mostUnderWay).toBe(4)
  })

  test('carries the beginning of a long text, cut between characters', async () => {
    await embed({ maxTextChars: 3 }, ['ab😀c'])
    expect(server.seen[0]!.body.input).toEqual(['ab\ufffd'])
  })
})

test('answers in another order of index are put in order', async () => {
  server.next(spoilt(({ data }) => void data.reverse()))
  const [a, b] = await embed()
  const [onlyA, onlyB] = [await embed({}, ['a']), await embed({}, ['b'])]
  expect([a, b]).toEqual([onlyA[0], onlyB[0]])
})

test('answers without any index are taken as they stand', async () => {
  server.next(
    spoilt(({ data }) => {
      for (const each of data) delete (each as { index?: number }).index
    }),
  )
  expect(await embed()).toEqual(await embed())
})

describe('a failure that may pass is tried again', () => {
  test.each<[string, Fault]>([
    ['429', refuse(429)],
    ['500', refuse(500)],
    ['503', refuse(503)],
    ['408', refuse(408)],
    ['529, which some use when overloaded', refuse(529)],
    ['a page in place of the answer', verbatim(() => '<html>starting</html>')],
    ['half an answer', verbatim((request) => JSON.stringify(answerTo(request)).slice(0, 200))],
    ['an empty answer', verbatim(() => '')],
    ['a connection that is reset at once', (_, __, incoming) => void incoming.socket.resetAndDestroy()],
    [
      'a connection that is reset in the answer',
      (response, _, incoming) => {
        response.writeHead(200, { 'content-length': '5000' }).write('{"data":[')
        setTimeout(() => incoming.socket.resetAndDestroy(), 5)
      },
    ],
  ])('%s', async (_, fault) => {
    server.next(fault, fault)
    expect(await embed()).toHaveLength(2)
    expect(server.seen).toHaveLength(3)
    expect(waits).toEqual([375, 750])
    const error = await failing(fault, fault, fault, fault)
    expect(error).toMatchObject({ code: 'ERR_EMBEDDER', retryable: true })
    expect(server.seen).toHaveLength(7)
  })

  test('a server that is not there', async () => {
    await server[Symbol.asyncDispose]()
    const error = await errorOf(embed())
    expect(error).toMatchObject({ code: 'ERR_EMBEDDER', retryable: true })
    expect(error.message).toContain('ECONNREFUSED')
    expect(waits).toHaveLength(3)
    server = await StandInServer.start()
  })

  test('a server that is slow, each try for itself', async () => {
    const never: Fault = () => {}
    server.next(never)
    expect(await embed({ timeoutMs: 1_000 })).toHaveLength(2)
    server.next(never, never)
    const error = await errorOf(embed({ timeoutMs: 50, retries: 1 }))
    expect(error).toMatchObject({ code: 'ERR_EMBEDDER', retryable: true })
    expect(error.message).toContain('50 ms')
  })

  test('a server that begins to answer and stops', async () => {
    const stuck: Fault = (response) => void response.writeHead(200).write('{"data":[')
    server.next(stuck)
    expect(await embed({ timeoutMs: 1_000 })).toHaveLength(2)
  })

  test('an answer that stays away does not outlive the abort', async () => {
    server.next(() => {})
    const control = new AbortController()
    const call = embedAll(embedder(), ['a'], control.signal)
    setTimeout(() => control.abort(), 20)
    expect(await codeOf(call)).toBe('ERR_ABORTED')
    await expect.poll(() => server.underWay).toBe(0)
  })
})

describe('Retry-After', () => {
  // Half a second past a whole one, which is all that a date can say.
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 500)
  const dateAt = (ms: number) => new Date(ms).toUTCString()

  // By `random` above, half of the tenth that may be added is.
  test.each<[string, Record<string, string>, number]>([
    ['seconds', { 'retry-after': '7' }, 7_000 * 1.05],
    ['part of a second', { 'retry-after-ms': '1200', 'retry-after': '2' }, 1_200 * 1.05],
    ['a date', { 'retry-after': dateAt(now + 20_000) }, 19_500 * 1.05],
    ['a date that has passed', { 'retry-after': dateAt(now - 1_000) }, 0],
    ['nothing that can be read', { 'retry-after': 'soon' }, 500 * 0.75],
  ])('in %s is waited for, and not much longer', async (_, headers, wait) => {
    vi.useFakeTimers({ toFake: ['Date'], now })
    onTestFinished(() => void vi.useRealTimers())
    server.next(refuse(429, 'slow down', headers))
    await embed()
    expect(waits).toHaveLength(1)
    expect(waits[0]).toBeCloseTo(wait)
  })

  test('that asks for minutes ends the call at once, to be tried again', async () => {
    expect(await failing(refuse(429, 'come back', { 'retry-after': '120' }))).toMatchObject({ retryable: true })
    expect(waits).toEqual([])
  })
})

describe('a failure that cannot pass is not tried again', () => {
  const lasting = { code: 'ERR_EMBEDDER', retryable: false }
  test.each<[string, Fault]>([
    ['400', refuse(400)],
    ['401', refuse(401)],
    ['404', refuse(404, 'model "stand-in" not found, try pulling it first')],
    ['413', refuse(413)],
    ['422', refuse(422)],
    ['501', refuse(501)],
    ['a quota that is used up', refuse(429, 'You exceeded your current quota', {}, 'insufficient_quota')],
    ['one vector too few', spoilt(({ data }) => void data.pop())],
    ['one vector too many', spoilt(({ data }) => void data.push(data[0]!))],
    ['one index twice', spoilt(({ data }) => void Object.assign(data[1]!, { index: 0 }))],
    ['an index out of range', spoilt(({ data }) => void Object.assign(data[1]!, { index: 2 }))],
    ['an index that is no number', spoilt(({ data }) => void Object.assign(data[0]!, { index: '__proto__' }))],
    ['another dimension in one vector', spoilt(({ data }) => void data[1]!.embedding.pop())],
    ['null in a vector', spoilt(({ data }) => void data[1]!.embedding.fill(null, 3, 4))],
    ['text in a vector', spoilt(({ data }) => void data[1]!.embedding.fill('1', 3, 4))],
    ['a zero vector', spoilt(({ data }) => void data[1]!.embedding.fill(0))],
    ['base64 in place of a vector', spoilt(({ data }) => void Object.assign(data[0]!, { embedding: 'AACAPw==' }))],
    ['null in place of a vector', spoilt(({ data }) => void data.splice(0, 1, null as never))],
    [
      'NaN, as some servers write it',
      verbatim((request) => JSON.stringify(answerTo(request)).replace(/-?0\.\d+/, 'NaN')),
    ],
    ['another shape', verbatim(() => '{"embeddings": []}')],
    ['null', verbatim(() => ' null ')],
  ])('%s', async (_, fault) => {
    const error = await failing(fault)
    expect(error).toMatchObject(lasting)
    expect(server.seen).toHaveLength(1)
  })

  test('a redirect, behind which the texts would go elsewhere', async () => {
    await using elsewhere = await StandInServer.start()
    const redirect: Fault = (response) =>
      void response.writeHead(307, { location: `${elsewhere.baseUrl}/embeddings` }).end()
    server.next(redirect)
    const bare = await fetch(`${server.baseUrl}/embeddings`, { method: 'POST', body: '{"model":"m","input":["a"]}' })
    expect([bare.status, elsewhere.seen.length], 'fetch alone follows').toEqual([200, 1])
    expect(await failing(redirect)).toMatchObject(lasting)
    expect(elsewhere.seen).toHaveLength(1)
  })

  test('vectors of another dimension than was said', async () => {
    expect(await errorOf(embed({ dimensions: 23 }))).toMatchObject(lasting)
    expect(server.seen).toHaveLength(1)
  })

  test('a dimension that changes from call to call', async () => {
    const one = embedder()
    await embedToStore(one, ['a'])
    server.next(spoilt(({ data }) => void data[0]!.embedding.pop()))
    expect(await errorOf(embedAll(one, ['a']))).toMatchObject(lasting)
  })

  test('a model that changes from call to call', async () => {
    const one = embedder()
    server.next(spoilt((answer) => void Object.assign(answer, { model: 'BAAI/bge-small-en-v1.5' })))
    await embedAll(one, ['a'])
    expect(await errorOf(embedAll(one, ['a']))).toMatchObject(lasting)
  })
})

describe('the API key', () => {
  const apiKey = 'sk-very-secret-0123456789'
  const shown = (error: unknown) => inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)

  test('never stands in an error, whatever the server repeats', async () => {
    const repeating: Fault = (response, { headers, body }) =>
      json(response, 401, { error: { message: `Incorrect API key: ${headers.authorization} for ${body.input}` } })
    server.next(repeating)
    const bare = await fetch(`${server.baseUrl}/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}` },
      body: '{"model":"m","input":["a"]}',
    })
    expect(await bare.text(), 'the server does repeat it').toContain(apiKey)
    server.next(repeating)
    const error = await errorOf(embed({ apiKey }, ['a secret']))
    expect(shown(error)).not.toContain(apiKey)
    expect(shown(error)).not.toContain('a secret')
  })

  test('with a character that no header takes is refused without repeating it', () => {
    const bad = `${apiKey}\nx`
    expect(() => new Headers({ authorization: `Bearer ${bad}` }), 'the platform repeats it').toThrow(apiKey)
    const errors = [{ apiKey: bad }, { apiKey: `${apiKey}\u{1f511}` }, { headers: { 'api-key': bad } }].map((more) => {
      try {
        return embedder(more)
      } catch (error) {
        return error
      }
    })
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_INPUT_INVALID' })
    expect(shown(errors)).not.toContain(apiKey)
  })

  test('that turns bad later does not stand in the error either', async () => {
    const error = await errorOf(embed({ apiKey: () => `${apiKey}\nx` }))
    expect(error).toMatchObject({ code: 'ERR_EMBEDDER', retryable: false })
    expect(shown(error)).not.toContain(apiKey)
    const failed = await errorOf(embed({ apiKey: () => Promise.reject(new Error(`no ${apiKey}`)) }))
    expect(failed).toMatchObject({ code: 'ERR_EMBEDDER', retryable: true })
    expect(shown(failed)).not.toContain(apiKey)
  })

  test('does not show when the embedder is printed', () => {
    const one = embedder({ apiKey, headers: { 'api-key': apiKey } })
    expect(shown(one)).not.toContain(apiKey)
  })
})

test.each<[string, Partial<OpenAiCompatibleInput>]>([
  ['no address', { baseUrl: 'localhost' }],
  ['a file', { baseUrl: 'file:///etc/passwd' }],
  ['an address with a password', { baseUrl: 'https://ana:secret@example.com/v1' }],
  ['no model', { model: '' }],
  ['no texts a call', { maxEmbeddingsPerCall: 0 }],
  ['no time', { timeoutMs: 0 }],
  ['half a retry', { retries: 0.5 }],
  ['no lane', { parallelCalls: 0 }],
  ['no dimension', { dimensions: 0 }],
  ['a wish for a dimension without one', { sendDimensions: true }],
])('%s is refused at once', async (_, more) => {
  const error = await errorOf(() => embedder(more))
  expect(error.code).toBe('ERR_INPUT_INVALID')
  expect(error.message).not.toContain('secret')
})

test('retries: 0 tries once', async () => {
  server.next(refuse(500))
  await errorOf(embed({ retries: 0 }))
  expect(server.seen).toHaveLength(1)
})
