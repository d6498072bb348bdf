import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { document } from '../support/contract.ts'
import { Served } from '../support/served.ts'

let served: Served
const dir = mkdtempSync(join(tmpdir(), 'mk-client-'))

beforeAll(async () => {
  served = await Served.start()
})
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

async function lint(source: unknown) {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({
    source: JSON.stringify(source),
    absoluteRef: join(dir, 'openapi.json'),
    config,
  })
  return problems.map(({ ruleId, severity, message }) => `${severity} ${ruleId}: ${message}`)
}

test('the document passes the linter, which finds a planted fault', async () => {
  const { status, body } = await served.ask('GET', '/openapi.json')
  expect(status).toBe(200)
  expect(body.openapi).toMatch(/^3\.1\./)
  expect(await lint(body)).toEqual([])
  const { '200': ok, ...others } = body.paths['/v1/memories'].get.responses
  expect(ok).toBeDefined()
  body.paths['/v1/memories'].get.responses = others
  expect((await lint(body)).join()).toMatch(/operation-2xx-response/)
})

test('every field of a request may be left out that the parser lets out, and no field is taken that it does not name', () => {
  const { NewMemory, Search } = document.components.schemas
  expect(NewMemory.required).toEqual(['content', 'actor'])
  expect(Search.required).toEqual(['query'])
  expect([NewMemory.additionalProperties, Search.additionalProperties]).toEqual([false, false])
  expect(NewMemory.properties.at.format).toBe('date-time')
})

test('a client generated from it works', async () => {
  const { body } = await served.ask('GET', '/openapi.json')
  writeFileSync(join(dir, 'openapi.json'), JSON.stringify(body))
  writeFileSync(join(dir, 'package.json'), '{"type": "module"}')
  const require = createRequire(import.meta.url)
  const generator = join(dirname(require.resolve('oazapfts')), 'cli.js')
  await promisify(execFile)(process.execPath, [generator, join(dir, 'openapi.json'), join(dir, 'client.ts')])
  // Its runtime is found where this repository's packages are.
  symlinkSync(join(process.cwd(), 'node_modules'), join(dir, 'node_modules'))
  const client = await import(/* @vite-ignore */ join(dir, 'client.ts'))
  client.defaults.baseUrl = served.url
  client.defaults.headers = { authorization: `Bearer ${await served.key('acme', 'ana')}` }

  const added = await client.addMemory({ content: 'likes the early ferry', actor: 'user', tags: ['travel'] })
  expect(added).toMatchObject({ status: 201, data: { outcome: 'stored', version: 1 } })
  const { id } = added.data
  expect(await client.searchMemories({ query: 'ferry' })).toMatchObject({ data: { memories: [{ id }] } })
  expect(await client.listMemories({ tags: ['travel'], limit: 1 })).toMatchObject({ data: { items: [{ id }] } })
  const changed = await client.updateMemory(id, { actor: 'user', content: 'likes the late ferry' }, { ifMatch: '"1"' })
  expect(changed).toMatchObject({ status: 200, data: { version: 2 } })
  expect(await client.memoryHistory(id)).toMatchObject({ data: { versions: [{ version: 2 }, { version: 1 }] } })
  expect(await client.deleteMemory(id)).toMatchObject({ status: 204 })
  expect(await client.getMemory(id)).toMatchObject({ status: 404, data: { code: 'ERR_NOT_FOUND' } })
})
