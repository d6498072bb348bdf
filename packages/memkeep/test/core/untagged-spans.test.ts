import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import { UntaggedSpans } from '../../src/core/untagged-spans.ts'
import { mintScope } from '../../src/trust.ts'
import { TestKeep } from '../support/test-keep.ts'

test('retrievals without a tenant in their span are counted and reported; what the keep does has one', async () => {
  const names: string[] = []
  const untagged = new UntaggedSpans((name) => names.push(name))
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [untagged as never, new SimpleSpanProcessor(exporter)] })
  const tracer = provider.getTracer('test')
  const store = await TestKeep.start({ tracer })
  const memory = store.keep.for(
    mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'svc', roles: ['agent'] } }),
  )
  const { id } = await memory.add('a heron', { actor: 'user' })
  await memory.search('heron')
  await memory.get(id)
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toContain('search_memory')
  expect(untagged.count).toBe(0)
  const span = (name: string, attributes = {}) => tracer.startSpan(name, { attributes }).end()
  span('search_memory')
  span('raw query', { 'gen_ai.operation.name': 'get_memory', 'memkeep.tenant.tag': 'acme' })
  span('create_memory')
  span('GET /')
  expect([untagged.count, names]).toEqual([2, ['search_memory', 'raw query']])
  await store[Symbol.asyncDispose]()
})
