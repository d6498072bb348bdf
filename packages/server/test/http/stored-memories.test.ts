import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asking, Served } from '../support/served.ts'

let served: Served
let ana: string
let bruno: string
const missing = '01890000-0000-7000-8000-000000000000'

beforeAll(async () => {
  served = await Served.start()
  ana = await served.key('acme', 'ana')
  bruno = await served.key('acme', 'bruno')
})
afterAll(() => served[Symbol.asyncDispose]())

const put = (id: string, asking: Asking) => served.ask('PUT', `/v1/memories/${id}`, asking)
const get = (id: string, headers = {}) => served.ask('GET', `/v1/memories/${id}`, { key: ana, headers })

describe('an update', () => {
  test('makes a version; what is absent stays; the history has both', async () => {
    const id = await served.add(ana, 'sits by the window', { tags: ['seat'], metadata: { row: 3 } })
    const changed = await put(id, { key: ana, body: { actor: 'user', content: 'sits on the aisle' } })
    expect([changed.status, changed.body.version, changed.headers.etag]).toEqual([200, 2, '"2"'])
    const { body } = await get(id)
    expect(body).toMatchObject({ version: 2, content: 'sits on the aisle', tags: ['seat'], metadata: { row: 3 } })
    const history = await served.ask('GET', `/v1/memories/${id}/history`, { key: ana })
    expect(history.body.versions.map(({ version, content }: never) => [version, content])).toEqual([
      [2, 'sits on the aisle'],
      [1, 'sits by the window'],
    ])
  })

  test('takes an expiry and takes it away again', async () => {
    const id = await served.add(ana, 'goes one day', { expiresAt: '2999-01-01T00:00:00Z' })
    expect((await get(id)).body.expiresAt).toBe('2999-01-01T00:00:00.000Z')
    expect((await put(id, { key: ana, body: { actor: 'user', expiresAt: null } })).status).toBe(200)
    expect((await get(id)).body.expiresAt).toBeNull()
  })

  test("of another's memory finds nothing and changes nothing, like its history", async () => {
    const id = await served.add(ana, 'mine alone')
    const asking = { key: bruno, body: { actor: 'user', content: 'taken' } }
    const [foreign, absent] = [await put(id, asking), await put(missing, asking)]
    expect([foreign.status, foreign.text]).toEqual([404, absent.text])
    expect((await served.ask('GET', `/v1/memories/${id}/history`, { key: bruno })).text).toBe(absent.text)
    expect((await get(id)).body).toMatchObject({ version: 1, content: 'mine alone' })
  })

  test.each([
    ['nothing that says who', { content: 'x' }],
    ['an id', { actor: 'user', id: missing }],
    ['a version', { actor: 'user', ifVersion: 1 }],
    ['a kind, which stays', { actor: 'user', kind: 'other' }],
    ['trust', { actor: 'user', trust: 'system' }],
  ])('with %s is refused', async (_, body) => {
    const id = await served.add(ana, 'as it was')
    expect((await put(id, { key: ana, body })).body.code).toBe('ERR_INPUT_INVALID')
    expect((await get(id)).body.version).toBe(1)
  })
})

describe('entity tags', () => {
  test('If-Match lets one of two writers through', async () => {
    const id = await served.add(ana, 'first')
    const { headers } = await get(id)
    expect(headers.etag).toBe('"1"')
    const change = (content: string) =>
      put(id, { key: ana, headers: { 'if-match': headers.etag! }, body: { actor: 'user', content } })
    const answers = await Promise.all([change('left'), change('right')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    expect(answers.find(({ status }) => status === 412)!.body.code).toBe('ERR_VERSION_CONFLICT')
    expect((await get(id)).body.version).toBe(2)
  })

  test.each(['"2"', '"0"', '"x"', 'W/"1"', '"999999999999999999999"'])(
    'If-Match %s is not this version: 412',
    async (tag) => {
      const id = await served.add(ana, 'stays')
      const asking = { key: ana, headers: { 'if-match': tag }, body: { actor: 'user', content: 'gone' } }
      expect((await put(id, asking)).status).toBe(412)
      expect((await put(missing, asking)).status).toBe(404)
      expect((await get(id)).body.content).toBe('stays')
    },
  )

  test.each(['', '1', '"1", "2"', '"1" "1"', '""1""'])('If-Match %j is no tag: 422', async (tag) => {
    const id = await served.add(ana, 'stays')
    const asking = { key: ana, headers: { 'if-match': tag }, body: { actor: 'user', content: 'gone' } }
    expect((await put(id, asking)).status).toBe(422)
  })

  test('If-None-Match spares what is known', async () => {
    const id = await served.add(ana, 'known')
    for (const tag of ['"1"', 'W/"1"', '*']) {
      const { status, text, headers } = await get(id, { 'if-none-match': tag })
      expect([tag, status, text, headers.etag]).toEqual([tag, 304, '', '"1"'])
    }
    expect((await get(id, { 'if-none-match': '"2"' })).status).toBe(200)
    expect((await get(missing, { 'if-none-match': '*' })).status).toBe(404)
  })

  test('a route that knows no condition refuses it', async () => {
    const id = await served.add(ana, 'stays')
    const conditions = ['if-match', 'if-none-match', 'idempotency-key']
    for (const header of conditions) {
      const asking = { key: ana, headers: { [header]: '"2"' } }
      expect((await served.ask('DELETE', `/v1/memories/${id}`, asking)).status).toBe(422)
      expect((await served.ask('GET', '/v1/memories', asking)).status).toBe(422)
    }
    expect((await get(id)).status).toBe(200)
  })
})

describe('a batch', () => {
  const batch = (memories: unknown, headers = {}, key = ana) =>
    served.ask('POST', '/v1/memories/batch', { key, headers, body: { memories } })

  test('is stored in one commit, receipts in order', async () => {
    const key = await served.key('acme', 'carla')
    const memories = Array.from({ length: 30 }, (_, number) => ({ content: `note ${number}`, actor: 'user' }))
    const { status, body } = await batch(memories, {}, key)
    expect(status).toBe(201)
    const list = await served.ask('GET', '/v1/memories?limit=100', { key })
    const byId = new Map(list.body.items.map((each: { id: string; content: string }) => [each.id, each.content]))
    expect(body.receipts.map(({ id }: { id: string }) => byId.get(id))).toEqual(memories.map(({ content }) => content))
  })

  test('with one bad memory stores none', async () => {
    const key = await served.key('acme', 'dora')
    const good = { content: 'good', actor: 'user' }
    for (const bad of [
      { content: '', actor: 'user' },
      { content: 'x', actor: 'system' },
      { ...good, tenant: 'globex' },
    ]) {
      const { status } = await batch([good, bad, good], {}, key)
      expect([403, 422]).toContain(status)
    }
    expect((await served.ask('GET', '/v1/memories', { key })).body.items).toEqual([])
  })

  test('repeated under its key answers as the first did; another under it is refused', async () => {
    const memories = [
      { content: 'one', actor: 'user' },
      { content: 'two', actor: 'agent' },
    ]
    const headers = { 'idempotency-key': 'batch-9' }
    const first = await batch(memories, headers)
    expect(await batch(memories, headers)).toMatchObject({ status: 201, text: first.text })
    expect((await batch([...memories].reverse(), headers)).body.code).toBe('ERR_IDEMPOTENCY_MISMATCH')
    expect(await batch(memories, headers, bruno)).toMatchObject({ status: 201 })
  })

  test('may be as large as the library takes it, and no larger', async () => {
    const key = await served.key('acme', 'emil')
    const many = (count: number) => Array.from({ length: count }, () => ({ content: 'n', actor: 'user' }))
    expect((await batch(many(1000), {}, key)).status).toBe(201)
    expect((await batch(many(1001), {}, key)).body.code).toBe('ERR_INPUT_TOO_LARGE')
    const wide = Array.from({ length: 60 }, () => ({ content: 'a'.repeat(32 * 1024), actor: 'user' }))
    expect((await batch(wide, {}, key)).status).toBe(201)
    expect((await batch('x'.repeat(9 * 1024 * 1024), {}, key)).status).toBe(413)
  })
})

describe('an export', () => {
  const exported = async (key: string) => {
    const answer = await served.ask('GET', '/v1/export', { key })
    return {
      ...answer,
      records: answer.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    }
  }

  test('is every version of one subject, counts last', async () => {
    const writer = await served.key('acme', 'fritz', ['admin'])
    const id = await served.add(writer, 'first', { sensitivity: 'sensitive' })
    await put(id, { key: writer, body: { actor: 'user', content: 'second' } })
    const memories = Array.from({ length: 250 }, (_, number) => ({ content: `note ${number}`, actor: 'user' }))
    await served.ask('POST', '/v1/memories/batch', { key: writer, body: { memories } })
    const { status, headers, records } = await exported(await served.key('acme', 'fritz', ['export']))
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson'])
    expect(records.at(-1)).toEqual({ type: 'counts', memories: 251, versions: 1 })
    expect(records).toHaveLength(253)
    expect(records.filter((each) => each.id === id)).toMatchObject([
      { type: 'memory', version: 2, current: true, content: 'second', sensitivity: 'sensitive' },
      { type: 'memory', version: 1, current: false, content: 'first' },
    ])
  })

  test('without the right is refused, and not a shorter file', async () => {
    const { status, body } = await served.ask('GET', '/v1/export', { key: ana })
    expect([status, body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
  })

  test('of a subject that said nothing is the counts alone', async () => {
    const { records } = await exported(await served.key('acme', 'nobody', ['export']))
    expect(records).toEqual([{ type: 'counts', memories: 0, versions: 0 }])
  })
})
