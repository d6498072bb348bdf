import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { ask } from '../support/served.ts'
import { ServingProcess } from '../support/serving-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'mk-traces-'))
const spans = join(dir, 'spans')
const sdk = pathToFileURL(join(import.meta.dirname, '../support/traces.mjs')).href
let serving: ServingProcess | null = null

afterAll(async () => {
  await serving?.end('SIGTERM')
  rmSync(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
})

async function searched(env: Readonly<Record<string, string>>) {
  await serving?.end('SIGTERM')
  serving = await ServingProcess.startIn(
    { ...env, NODE_OPTIONS: `--import ${sdk}`, MEMKEEP_TEST_SPANS: spans },
    ...['--data', join(dir, 'data')],
  )
  key ??= /^ {2}(mk_\S{43})$/m.exec(serving.stdout)![1]!
  const { status } = await ask(serving.url, 'POST', '/v1/memories/search', { key, body: { query: 'secret words' } })
  expect(status).toBe(200)
  return existsSync(spans) ? readFileSync(spans, 'utf8').trim().split('\n') : []
}

let key: string | undefined

test('a search over HTTP is a span with the tenant’s tag, for the SDK that the process was started with, when it is told to', async () => {
  expect(await searched({})).toEqual([])
  const lines = (await searched({ MEMKEEP_TRACES: '1' })).map((line) => JSON.parse(line))
  expect(lines.find(({ name }) => name === 'search_memory')?.attributes).toEqual({
    'gen_ai.operation.name': 'search_memory',
    'gen_ai.provider.name': 'memkeep',
    'memkeep.tenant.tag': expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  expect(readFileSync(spans, 'utf8')).not.toContain('secret')
})

test('anything but 0 or 1 is said to be wrong, by the name of the variable', async () => {
  await expect(ServingProcess.startIn({ MEMKEEP_TRACES: 'yes' }, '--data', join(dir, 'other'))).rejects.toThrow(
    'MEMKEEP_TRACES must be 0 or 1',
  )
})
