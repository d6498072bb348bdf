import { chmodSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RequestLine } from '../../src/http/request-log.ts'
import { ask, Served } from '../support/served.ts'

// What is wrong with a server is for whoever runs it: strangers learn that it is, by a code, and neither where its keys lie nor which wall is down.

let served: Served
let ana: string
const stranger = `mk_${'a'.repeat(43)}`

beforeAll(async () => {
  // What is held is held for a second at most.
  served = await Served.start({ freshMs: 0, holdKeysMs: 1000 })
  ana = await served.key('acme', 'ana')
  await served.add(ana, 'a heron')
})
afterAll(() => served[Symbol.asyncDispose]())

const rootKey = () => join(served.environment.MEMKEEP_KEYS!, 'root.key')

test.each<[string, string, () => unknown, () => unknown]>([
  [
    'the root key is open to others',
    'ERR_STORE_UNSAFE',
    () => chmodSync(rootKey(), 0o644),
    () => chmodSync(rootKey(), 0o600),
  ],
  [
    'the root key is gone',
    'ERR_KEY_UNAVAILABLE',
    () => renameSync(rootKey(), `${rootKey()}x`),
    () => renameSync(`${rootKey()}x`, rootKey()),
  ],
])('%s: the answer says no more than a code’s sentence, the log says what it is', async (_, code, spoil, mend) => {
  await spoil()
  try {
    await sleep(1100)
    const from = served.lines.length
    const ready = await served.ask('GET', '/readyz')
    const unknown = await served.ask('GET', '/v1/memories', { key: stranger })
    const known = await served.ask('GET', '/v1/memories', { key: ana })
    for (const { status, body, headers } of [ready, unknown, known]) {
      expect([status, body.code, headers['retry-after']]).toEqual([503, code, '1'])
      expect(body.detail).toMatch(/^[a-z ]{4,60}$/)
    }
    const lines = served.lines.slice(from)
    for (const line of lines) expect([line.code, line.reason]).toEqual([code, expect.stringMatching(/root\.key/)])
    expect(lines).toHaveLength(3)
    expect(JSON.stringify(lines)).not.toMatch(/acme|ana|heron|mk_/)
  } finally {
    await mend()
  }
  await sleep(1100)
  expect((await served.ask('GET', '/readyz')).status).toBe(200)
})

test('over MCP, by a tool that a known credential calls', async () => {
  const lines: RequestLine[] = []
  const other = await served.another({ rateLimits: { tenantPerMinute: 0, credentialPerMinute: 0 } }, (line) =>
    lines.push(line),
  )
  const params = { name: 'list_memories', arguments: {} }
  const call = async () =>
    (
      await ask(other.url, 'POST', '/mcp', {
        key: ana,
        body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
        headers: { accept: 'application/json, text/event-stream' },
      })
    ).text
  expect(await call()).toContain('a heron')
  chmodSync(rootKey(), 0o644)
  try {
    await sleep(1100)
    expect(await call()).toContain('"the store is not in order (ERR_STORE_UNSAFE)"')
  } finally {
    chmodSync(rootKey(), 0o600)
  }
  const [fault] = lines.filter(({ event }) => event === 'fault')
  expect(fault).toMatchObject({ code: 'ERR_STORE_UNSAFE', reason: expect.stringContaining('root.key') })
  expect(lines.map(({ id }) => id)).toContain(fault!.id)
  await other.close()
})
