import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestKeep } from '../support/test-keep.ts'

interface SeenSpan {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly status: { readonly code: number }
}

let store: TestKeep
let spans: SeenSpan[]
let told: string

beforeAll(async () => {
  store = await TestKeep.start()
  const program = fileURLToPath(new URL('spans-child.ts', import.meta.url))
  const order = JSON.stringify({ database: store.database.app, keyDir: store.keyDir })
  const child = await promisify(execFile)(process.execPath, ['--conditions=memkeep-src', program, order])
  told = child.stdout
  spans = JSON.parse(told)
})
afterAll(() => store?.[Symbol.asyncDispose]())

const tagOf = (span: SeenSpan | undefined) => span?.attributes['memkeep.tenant.tag']

test('every call on a memory is a span of its own name', () => {
  const names = spans.map(({ name, attributes }) => {
    expect(attributes['gen_ai.operation.name']).toBe(name)
    return name
  })
  expect([...new Set(names)].sort()).toEqual([
    'create_memory',
    'delete_memory',
    'export_memory',
    'get_memory',
    'list_memory',
    'list_memory_versions',
    'search_memory',
    'update_memory',
  ])
})

test("every span carries its tenant's tag", async () => {
  const rows = await store.database.query<{ tenant: string }>(
    "select encode(tenant, 'hex') as tenant from memkeep.shelf",
  )
  const [foreign, refused] = spans.slice(-2)
  expect(new Set([...spans.slice(0, -2), refused].map(tagOf))).toEqual(new Set(rows.map(({ tenant }) => tenant)))
  expect(tagOf(foreign)).toMatch(/^[0-9a-f]{32}$/)
  expect(tagOf(foreign)).not.toBe(tagOf(refused))
})

test('none says whose it is, what it is or which words were asked for', () => {
  expect(told).not.toMatch(/secret|acme|globex/)
})

test('a refused call is a failed span that names the code', () => {
  expect(spans.at(-1)?.attributes['error.type']).toBe('ERR_ACCESS_DENIED')
  expect(spans.at(-1)?.status.code).toBe(2)
})
