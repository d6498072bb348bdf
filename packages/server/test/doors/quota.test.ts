import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memkeep } from '../cli/deployment.ts'
import { Served } from '../support/served.ts'
import { onSources } from '../support/serving-process.ts'

let served: Served
let dir: string
beforeAll(async () => {
  served = await Served.start()
  dir = mkdtempSync(join(tmpdir(), 'mk-quota-'))
})
afterAll(async () => {
  await served?.[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

const cli = (...args: string[]) => memkeep(args, { env: served.environment })
const quota = (...args: string[]) => cli('tenant', 'quota', ...args)

test('the command line sets, shows and takes away a quota', async () => {
  expect(await quota('globex')).toMatchObject({ code: 0, out: 'tenant globex has no quota of its own\n' })
  expect(await quota('globex', '--memories', '7', '--bytes', '5000000000', '--json')).toMatchObject({
    code: 0,
    out: '{"tenant":"globex","quota":{"memories":7,"bytes":5000000000}}\n',
  })
  expect(await quota('globex')).toMatchObject({ out: 'tenant globex may hold 7 memories and 5000000000 bytes\n' })
  expect(await quota('globex', '--bytes', '9')).toMatchObject({ out: 'tenant globex may hold 9 bytes\n' })
  expect(await quota('globex', '--none', '--json')).toMatchObject({ out: '{"tenant":"globex","quota":null}\n' })
  for (const args of [['--none', '--bytes', '1'], ['--memories', '-1'], ['--memories', '1.5'], ['--bytes']]) {
    expect(await quota('globex', ...args)).toMatchObject({ code: 2, out: '' })
  }
  for (const args of [['globex', '--memories', '0'], ['nobody', '--memories', '1'], ['nobody']]) {
    const { code, err } = await quota(...args)
    expect([code, err]).toEqual([1, expect.stringMatching(/\(ERR_(INPUT_INVALID|TENANT_UNKNOWN)\)/)])
  }
})

test('at the limit every door refuses alike, and none of a neighbour', async () => {
  const [ana, ben, other] = [
    await served.key('acme', 'ana'),
    await served.key('acme', 'ben'),
    await served.key('globex', 'x'),
  ]
  let posted = 0
  const post = (key: string, path = '/v1/memories') =>
    served.ask('POST', path, { key, body: { content: `one more, the ${++posted}th`, actor: 'user' } })
  expect(await quota('acme', '--memories', '2')).toMatchObject({ code: 0 })
  expect([(await post(ana)).status, (await post(ben)).status, (await post(other)).status]).toEqual([201, 201, 201])

  const refused = await post(ana)
  expect([refused.status, refused.body]).toEqual([403, expect.objectContaining({ code: 'ERR_QUOTA_EXCEEDED' })])
  expect(refused.text).not.toMatch(/acme|ana|[0-9]{4,}/)

  const file = join(dir, 'line.jsonl')
  writeFileSync(file, '{"content": "one more", "actor": "user"}\n')
  const imported = await cli('import', file, '--tenant', 'acme', '--subject', 'cem')
  expect([imported.code, imported.err]).toEqual([1, expect.stringContaining('ERR_QUOTA_EXCEEDED')])

  const said = await overMcp('ana')
  expect(said).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('ERR_QUOTA_EXCEEDED') }] })

  expect((await post(other)).status).toBe(201)
  const { body } = await served.ask('GET', '/v1/memories', { key: ana })
  expect((await served.ask('DELETE', `/v1/memories/${body.items[0].id}`, { key: ana })).status).toBe(204)
  expect((await post(ben)).status).toBe(201)
})

async function overMcp(subject: string) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [...onSources, 'mcp', '--tenant', 'acme', '--subject', subject],
    env: { ...getDefaultEnvironment(), ...served.environment },
    stderr: 'ignore',
  })
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport)
  try {
    return await client.callTool({ name: 'remember', arguments: { content: 'one more' } })
  } finally {
    await client.close()
  }
}
