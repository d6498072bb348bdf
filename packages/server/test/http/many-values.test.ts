import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { newAdminKey } from '../../src/authn/admin-keys.ts'
import { routes } from '../../src/http/routes/routes.ts'
import { addMemories } from '../../src/operations/add-memories.ts'
import { ScopeSmuggled } from '../../src/operations/names-scope.ts'
import { parseInput } from '../../src/operations/parse-input.ts'
import { mostValues, readJson } from '../../src/read-json.ts'
import { Served } from '../support/served.ts'

const root = newAdminKey()
let served: Served
let ana: string

beforeAll(async () => {
  served = await Served.start({ config: { adminKeys: [{ name: 'root', sha256: root.sha256 }] } })
  ana = await served.key('acme', 'ana', ['admin'])
})
afterAll(() => served[Symbol.asyncDispose]())

const repeated = (item: string, times: number) => Array.from({ length: times }, () => item).join()
const lists = (times: number) => `[${repeated('[]', times)}]`

describe('what is made of a text costs many times its bytes, so a text of too many values is not read:', () => {
  test.each<[string, (times: number) => string]>([
    ['a list', (times) => `[${repeated('0', times)}]`],
    ['an object', (times) => `{${Array.from({ length: times }, (_, at) => `"k${at}":0`).join()}}`],
    ['objects in a list', (times) => `[${repeated('{}', times / 2)}]`],
    ['many lists, none of them long', (times) => `[${repeated(`[${repeated('0', 10)}]`, times / 11)}]`],
  ])('%s', (_, text) => {
    expect(readJson(text(mostValues - 100)).wrong).toBe(null)
    expect(readJson(text(2 * mostValues))).toEqual({ value: undefined, wrong: `more than ${mostValues} values` })
  })

  test('as is one that is nested too deep, whether it is JSON or not', () => {
    expect(readJson('['.repeat(1_000_000))).toEqual({ value: undefined, wrong: 'nested deeper than 64' })
  })

  test.each([
    ['quotes and backslashes', '\\"\\\\'],
    ['brackets and commas', '[{,'],
    ['escapes', '\\u005b\\n'],
  ])('and a string is one value, whatever is in it: %s', (_, piece) => {
    const text = `["${piece.repeat(mostValues)}"]`
    expect(readJson(text)).toEqual({ value: JSON.parse(text), wrong: null })
  })

  test.each(['"', '"\\', '["a', '{"a', '{"a\\"', '"a\\\\\\"'])('a string without an end is no JSON: %s', (text) => {
    expect(() => readJson(text)).toThrow(SyntaxError)
  })
})

const withBody = routes.filter(({ body }) => body !== null)

test.each(withBody.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s: 422 for one value more than it takes, in a field of its own or not',
  async (_, { method, path, body, audience, mostValues: most }) => {
    const key = audience === 'admin' ? root.key : ana
    for (const field of [...Object.keys(body!.shape), 'other']) {
      const { status, body: answer } = await served.ask(method, path.replace('{id}', crypto.randomUUID()), {
        key,
        body: `{"${field}":${lists(most)}}`,
      })
      expect([field, status, answer.detail]).toEqual([field, 422, `more than ${most} values`])
    }
  },
)

test('a route without a body answers as to any other', async () => {
  const id = await served.add(ana, 'kept')
  const { status } = await served.ask('DELETE', `/v1/memories/${id}`, { key: ana, body: lists(mostValues) })
  expect(status).toBe(422)
})

test('no metadata that is small enough has too many values', async () => {
  const full = { a: Array.from({ length: 4000 }, () => 0) }
  expect(JSON.stringify(full).length).toBeLessThan(8 * 1024)
  await served.add(ana, 'with all the metadata that there may be', { metadata: full })
})

describe('no fault is looked for behind the first', () => {
  test('of a list', () => {
    let looked = 0
    const never = z.custom(() => {
      looked++
      return false
    })
    const schema = z.strictObject({ list: z.array(never), other: z.array(never) })
    const many = Array.from({ length: 1000 }, () => 0)
    expect(() => parseInput(schema, { list: many, other: many })).toThrow(/Invalid input/)
    expect(looked).toBe(1)
  })

  test('but for a field that is unknown, which may be a scope', () => {
    const memory = { content: 'x', actor: 'user' }
    const nested = { memories: [{ content: 1 }, { ...memory, tenantId: 'globex' }] }
    for (const input of [{ memories: 1, subject: 'root' }, nested]) {
      expect(() => parseInput(addMemories.input, input)).toThrow(ScopeSmuggled)
    }
    const stray = { memories: [{ content: 1 }, { ...memory, extra: 1 }] }
    expect(() => parseInput(addMemories.input, stray)).toThrow('an object in it has an unknown field')
    expect(() => parseInput(addMemories.input, { ...stray, extra: 1 })).toThrow('unknown field; there are: memories')
  })

  test('of all the schemas that requests are checked with', () => {
    for (const { body } of withBody) {
      const wrong = Object.fromEntries(Object.keys(body!.shape).map((name) => [name, [{ scopeId: 1 }]]))
      expect(() => parseInput(body!, { ...wrong, scope: 1 })).toThrow(ScopeSmuggled)
    }
  })
})

describe('MCP', () => {
  const call = (method: string, params: object) =>
    served.ask('POST', '/mcp', {
      key: ana,
      body: { jsonrpc: '2.0', id: 1, method, params },
      headers: { accept: 'application/json, text/event-stream' },
    })
  const zeros = (length: number) => Array.from({ length }, () => 0)

  test('a message of too many values is 422', async () => {
    const { status, body } = await call('tools/call', { name: 'remember', arguments: { tags: zeros(mostValues) } })
    expect([status, body.detail]).toEqual([422, `more than ${mostValues} values`])
    const clientInfo = { name: 'x', version: '1', icons: zeros(501) }
    const beside = await call('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo })
    expect([beside.status, beside.body.detail]).toEqual([422, 'more than 500 values beside the arguments'])
  })

  test.each<[string, object]>([
    ['tags', { content: 'x', tags: zeros(9000) }],
    ['sources', { content: 'x', derivedFrom: zeros(9000) }],
    ['unknown fields', Object.fromEntries(zeros(9000).map((_, at) => [`k${at}`, 0]))],
  ])('wrong %s by the thousand are told of in a sentence', async (_, given) => {
    const { text } = await call('tools/call', { name: 'remember', arguments: given })
    expect(text).toMatch(/Invalid arguments for tool remember/)
    expect(text.length).toBeLessThan(1000)
  })
})
