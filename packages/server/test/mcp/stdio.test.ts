import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/client'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { mintGrant, mintScope } from 'memkeep/trust'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openKeep } from '../../src/open-keep.ts'
import { onSources } from '../support/serving-process.ts'

let dir: string
let apiKey: string
let revoked: string

const canary = 'globex-canary-hoopoe'
const tools = ['forget', 'list_memories', 'recall', 'remember']

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mk-mcp-'))
  const { keep } = await openKeep({ kind: 'embedded', dir })
  const principal = { id: 'test', roles: ['agent'] }
  const grant = mintGrant({ principal, rights: ['tenants', 'keys'], reason: 'a test', ttlSeconds: 600 })
  const { tenants, keys } = keep.privileged(grant)
  for (const tenant of ['acme', 'globex']) await tenants.create(tenant)
  apiKey = (await keys.create({ tenant: 'acme', subject: 'ana', principal })).key
  const other = await keys.create({ tenant: 'acme', subject: 'ana', principal })
  await keys.revoke('acme', other.id)
  revoked = other.key
  await keep.close()
})
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 }))

type Options = ConstructorParameters<typeof Client>[1]

async function connect(binding: string[], env: Record<string, string> = {}, options: Options = {}) {
  const args = [...onSources, 'mcp', '--data', dir, ...binding]
  const transport = new StdioClientTransport({
    command: process.execPath,
    args,
    env: { ...getDefaultEnvironment(), ...env },
    stderr: 'ignore',
  })
  const client = new Client({ name: 'test', version: '1' }, options)
  await client.connect(transport)
  return client
}

const as = (tenant: string, subject: string) => ['--tenant', tenant, '--subject', subject]

// biome-ignore lint/suspicious/noExplicitAny: structured content has a shape of its own for every tool
async function call(client: Client, name: string, args: object, more: object = {}): Promise<any> {
  const result = await client.callTool({ name, arguments: args as Record<string, unknown>, ...more })
  const [content] = result.content as { text: string }[]
  return { text: content!.text, data: result.structuredContent, isError: result.isError ?? false }
}

test.each<[string, Options]>([
  ['as it is by default', {}],
  ['of the 2026 protocol', { versionNegotiation: { mode: 'auto' } }],
])('the official client, %s: four tools, one whole life of a memory', async (_, options) => {
  const client = await connect(as('acme', 'dora'), {}, options)
  const listed = await client.listTools()
  expect(listed.tools.map(({ name }) => name).sort()).toEqual(tools)
  const { data } = await call(client, 'remember', {
    content: 'the heron nests in March',
    actor: 'user',
    tags: ['bird'],
  })
  expect(data).toMatchObject({ outcome: 'stored', version: 1, trust: 'user' })
  const found = await call(client, 'recall', { query: 'heron' })
  expect(found.text).toContain(`[${data.id}] user, trust user`)
  expect(found.text).toContain('the heron nests in March')
  expect(found.data.memories).toMatchObject([{ id: data.id, content: 'the heron nests in March', tags: ['bird'] }])
  const list = await call(client, 'list_memories', { limit: 1, tags: ['bird'] })
  expect(list.data).toMatchObject({ items: [{ id: data.id }], nextCursor: null })
  expect(JSON.parse(list.text)).toEqual(list.data)
  expect((await call(client, 'forget', { id: data.id })).data).toEqual({ deleted: true })
  expect((await call(client, 'forget', { id: data.id })).data).toEqual({ deleted: false })
  expect((await call(client, 'recall', { query: 'heron' })).text).toBe('Nothing is remembered about this.')
  await client.close()
})

describe('scope', () => {
  test('no tool has an argument that could name one, and none takes what it does not know', async () => {
    const client = await connect(as('acme', 'ana'))
    for (const tool of (await client.listTools()).tools) {
      expect(tool.inputSchema.additionalProperties).toBe(false)
      const names = Object.keys(tool.inputSchema.properties ?? {}).join()
      expect(names).not.toMatch(/tenant|subject|scope|user|org/i)
    }
    const good: Record<string, object> = {
      remember: { content: 'smuggled', actor: 'user' },
      recall: { query: 'smuggled' },
      list_memories: {},
      forget: { id: '01890000-0000-7000-8000-000000000000' },
    }
    const before = (await call(client, 'list_memories', { limit: 100 })).text
    for (const [name, args] of Object.entries(good)) {
      for (const key of ['tenant', 'tenant_id', 'subject', 'scope', '_meta', 'constructor']) {
        const given = { ...args, [key]: { a: 'globex' } }
        const { isError } = await call(client, name, given)
        expect([name, key, isError]).toEqual([name, key, true])
      }
      for (const meta of [
        { tenant: 'globex' },
        { 'x-tenant-id': 'globex' },
        { deep: { scope: { tenant: 'globex' } } },
      ]) {
        await expect(call(client, name, args, { _meta: meta })).rejects.toThrow('ERR_INPUT_INVALID')
      }
    }
    expect((await call(client, 'list_memories', { limit: 100 })).text).toBe(before)
    await client.close()
  })

  test("another tenant's and another subject's memories are not there", async () => {
    const globex = await connect(as('globex', 'ana'))
    const { data } = await call(globex, 'remember', { content: canary, actor: 'user' })
    expect((await call(globex, 'recall', { query: canary })).text).toContain(canary)
    for (const binding of [as('acme', 'ana'), as('globex', 'bruno')]) {
      const client = await connect(binding)
      const said = [
        await call(client, 'recall', { query: canary, limit: 100 }),
        await call(client, 'list_memories', { limit: 100 }),
        await call(client, 'forget', { id: data.id }),
      ]
      expect(JSON.stringify(said)).not.toContain(canary)
      expect(said[2].data).toEqual({ deleted: false })
      const missing = await call(client, 'forget', { id: '01890000-0000-7000-8000-000000000000' })
      expect(said[2]).toEqual(missing)
      await client.close()
    }
    expect((await call(globex, 'recall', { query: canary })).text).toContain(canary)
    await globex.close()
  })

  test('an API key in the environment binds as well, to whom it stands for', async () => {
    const byKey = await connect([], { MEMKEEP_API_KEY: apiKey })
    const { data } = await call(byKey, 'remember', { content: 'by key' })
    expect(data.trust).toBe('agent')
    const byName = await connect(as('acme', 'ana'))
    expect((await call(byName, 'list_memories', {})).text).toContain(data.id)
    await byKey.close()
    await byName.close()
  })
})

test('bad input is an error of the tool, with its code, and nothing of the inside', async () => {
  const client = await connect(as('acme', 'ana'))
  const wrong: [string, object, string][] = [
    ['remember', { content: '' }, 'ERR_INPUT_INVALID'],
    ['remember', { content: 'a'.repeat(32 * 1024 + 1) }, 'ERR_INPUT_TOO_LARGE'],
    ['remember', { content: 'a\u0000' }, 'ERR_INPUT_INVALID'],
    ['remember', { content: 'a', actor: 'system' }, 'ERR_ACCESS_DENIED'],
    ['remember', { content: 'a', metadata: [] }, 'ERR_INPUT_INVALID'],
    ['remember', { content: 'a', at: 'yesterday' }, 'Invalid'],
    ['recall', { query: 'a', limit: 101 }, 'ERR_INPUT_TOO_LARGE'],
    ['recall', {}, 'Invalid'],
    ['list_memories', { cursor: 'x' }, 'ERR_INPUT_INVALID'],
    ['forget', { id: 7 }, 'Invalid'],
  ]
  for (const [name, args, code] of wrong) {
    const { isError, text } = await call(client, name, args)
    expect([name, isError, text]).toEqual([name, true, expect.stringContaining(code)])
    expect(text).not.toMatch(/\.(ts|js):\d+/)
  }
  const given = JSON.parse('{"__proto__":{"a":1},"b":"<b>\\u2028```\\u202e\\u200b\\udb40\\udc41"}')
  const { data } = await call(client, 'remember', { content: 'kept', actor: 'tool', metadata: given })
  const list = await call(client, 'list_memories', { limit: 1 })
  expect(list.text).not.toMatch(/[<>\u2028`\u202e\u200b\u{e0041}]/u)
  const [item] = JSON.parse(list.text).items
  expect([item.id, JSON.stringify(item.metadata)]).toEqual([data.id, JSON.stringify(given)])
  await client.close()
})

test('a number that would be rounded is refused, and nothing is stored; one that is quoted or exact is kept', async () => {
  const server = spawn(process.execPath, [...onSources, 'mcp', '--data', dir, ...as('acme', 'numbers')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const answers = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  // Written by hand: a program of JavaScript has rounded it before it sends.
  const ask = async (id: string, method: string, params: string) => {
    server.stdin.write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}\n`)
    return JSON.parse((await answers.next()).value!)
  }
  const add = (id: string, metadata: string) =>
    ask(id, 'tools/call', `{"name":"remember","arguments":{"content":"counted","metadata":${metadata}}}`)
  await ask(
    '1',
    'initialize',
    '{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}',
  )
  server.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
  for (const metadata of ['{"n":9007199254740993}', '{"deep":[{"n":-12345678901234567890}]}']) {
    expect(await add('"mine"', metadata)).toEqual({
      jsonrpc: '2.0',
      id: 'mine',
      error: { code: -32602, message: expect.stringContaining('ERR_INPUT_INVALID') },
    })
  }
  expect(await add('9007199254740993', '{}')).toMatchObject({ id: null, error: { code: -32602 } })
  const kept = await add('3', '{"n":9007199254740991,"x":0.1,"text":"9007199254740993 \\" 9007199254740993"}')
  expect(kept.result.structuredContent).toMatchObject({ outcome: 'stored' })
  const { result } = await ask('4', 'tools/call', '{"name":"list_memories","arguments":{}}')
  expect(result.structuredContent.items).toHaveLength(1)
  expect(result.structuredContent.items[0].metadata.n).toBe(9007199254740991)
  server.stdin.end()
  await new Promise((resolve) => server.once('exit', resolve))
})

test('a call that names a scope, in its arguments or in _meta, is refused and stands in the ledger', async () => {
  const client = await connect(as('acme', 'smuggler'))
  const attempts: [object, object][] = [
    [{ query: 'x', tenant: 'globex' }, {}],
    [{ query: 'x' }, { _meta: { 'memkeep/subject': 'ana' } }],
    [{ query: 'x' }, { _meta: { deep: [{ Tenant_ID: 'globex' }] } }],
  ]
  for (const [args, more] of attempts) {
    const said = await call(client, 'recall', args, more).catch((error: Error) => ({
      isError: true,
      text: error.message,
    }))
    expect(said).toMatchObject({ isError: true, text: expect.not.stringContaining('globex') })
  }
  expect((await call(client, 'recall', { query: 'tenant subject scope' })).isError).toBe(false)
  await client.close()
  const { keep } = await openKeep({ kind: 'embedded', dir })
  const principal = { id: 'auditor', roles: ['admin'] }
  const memory = keep.for(mintScope({ tenant: 'acme', subject: 'smuggler', principal }))
  const { items } = await memory.audit.list({ actions: ['scope.smuggling'] })
  await keep.close()
  expect(items.map(({ outcome }) => outcome)).toEqual(['denied', 'denied', 'denied'])
})

const run = promisify(execFile)

test.each<[string, string[], Record<string, string>, number]>([
  ['nothing said', [], {}, 2],
  ['a tenant without a subject', ['--tenant', 'acme'], {}, 2],
  ['an empty subject', ['--tenant', 'acme', '--subject', ''], {}, 2],
  ['half a binding beside a key', ['--subject', 'ana'], { MEMKEEP_API_KEY: 'mk_x' }, 2],
])('%s is bad usage', async (_, binding, env, code) => {
  const refused = run(process.execPath, [...onSources, 'mcp', '--data', dir, ...binding], {
    env: { ...process.env, ...env },
  })
  await expect(refused).rejects.toMatchObject({ code, stdout: '', stderr: expect.stringContaining('--tenant') })
})

test.each<[string, string[], () => Record<string, string>, string]>([
  ['a tenant that is not there', ['--tenant', 'acm', '--subject', 'ana'], () => ({}), 'ERR_TENANT_UNKNOWN'],
  ['a revoked key', [], () => ({ MEMKEEP_API_KEY: revoked }), 'ERR_ACCESS_DENIED'],
])('%s is refused at start', async (_, binding, env, code) => {
  const refused = run(process.execPath, [...onSources, 'mcp', '--data', dir, ...binding], {
    env: { ...process.env, ...env() },
  })
  await expect(refused).rejects.toMatchObject({ stdout: '', stderr: expect.stringContaining(code) })
})

test('nothing but the protocol on stdout, from the first byte to the last; the end of stdin ends it', async () => {
  const child = spawn(process.execPath, [...onSources, 'mcp', '--data', dir, ...as('acme', 'ana')])
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  const answered = new Promise<void>((resolve) => {
    reader.on('line', (line) => {
      lines.push(line)
      if (lines.length === 9) resolve()
    })
  })
  const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const clientInfo = { name: 'v1', version: '1' }
  say({ id: 1, method: 'initialize', params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo } })
  say({ method: 'notifications/initialized' })
  say({ id: 2, method: 'tools/call', params: { name: 'recall', arguments: { query: 'x' }, tenant: 'globex' } })
  say({ method: 'notifications/progress', params: { scope: 'globex' } })
  say({ id: 3, method: 'tools/call', params: { name: 'no_such_tool', arguments: {} } })
  const methods = ['initialize', 'ping', 'tools/list', 'resources/list', 'resources/templates/list', 'no/such']
  for (const [at, method] of methods.entries()) say({ id: at + 4, method, params: { _meta: { tenant: 'globex' } } })
  await answered
  child.stdin.end()
  const code = await new Promise((resolve) => child.once('exit', resolve))
  expect(code).toBe(0)
  expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  for (const line of lines) expect(JSON.parse(line).jsonrpc).toBe('2.0')
  // A scope beside the arguments or in _meta: nothing reads it, and it is refused before anything is asked.
  const error = {
    code: -32602,
    message: expect.stringMatching(/^ERR_INPUT_INVALID: the scope comes from the credential/),
  }
  for (const line of lines.map((each) => JSON.parse(each)))
    if (line.id === 2 || line.id > 3) expect(line).toMatchObject({ error })
})
