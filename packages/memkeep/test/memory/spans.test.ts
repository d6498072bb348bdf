import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

// Required, not imported: its ES modules name no file endings, which Node does not resolve.
const sdk: typeof import('@opentelemetry/sdk-trace-base') = createRequire(import.meta.url)('@opentelemetry/sdk-trace-base')
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = sdk

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start({ tracer: provider.getTracer('memkeep') })
})
afterAll(() => store?.[Symbol.asyncDispose]())

test("every call on a memory is a span with its tenant's tag, and none says whose, what or which words", async () => {
  exporter.reset()
  const memory = store.memory({ subject: 'secret-subject', roles: ['admin'] })
  const { id } = await memory.add('secret-content', { actor: 'user', tags: ['secret-tag'] })
  await memory.search('secret-query')
  await memory.get(id)
  await memory.list()
  await memory.history(id)
  await memory.update(id, { content: 'secret-other' }, { actor: 'user' })
  for await (const _ of memory.export());
  await memory.delete(id)
  await store.memory({ tenant: 'globex', roles: ['admin'] }).list()
  const spans = exporter.getFinishedSpans()
  expect([...new Set(spans.map(({ name }) => name))].sort()).toEqual([
    'create_memory',
    'delete_memory',
    'export_memory',
    'get_memory',
    'list_memory',
    'list_memory_versions',
    'search_memory',
    'update_memory',
  ])
  const [{ tenant }] = (await store.database.query<{ tenant: Buffer }>('select tenant from memkeep.shelf')) as [
    { tenant: Buffer },
  ]
  const tags = spans.map(({ attributes }) => attributes['memkeep.tenant.tag'])
  expect(new Set(tags.slice(0, -1))).toEqual(new Set([tenant.toString('hex')]))
  expect(tags.at(-1)).toMatch(/^[0-9a-f]{32}$/)
  expect(tags.at(-1)).not.toBe(tags[0])
  const told = JSON.stringify(
    spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
  )
  expect(told).not.toMatch(/secret|acme|globex/)
})

test('a refused call is a failed span that names the code', async () => {
  exporter.reset()
  const memory = store.memory({ roles: ['export'] })
  expect(await codeOf(memory.add('x', { actor: 'user' }))).toBe('ERR_ACCESS_DENIED')
  const [span] = exporter.getFinishedSpans()
  expect(span?.attributes['error.type']).toBe('ERR_ACCESS_DENIED')
  expect(span?.status.code).toBe(2)
})
