// Does one of everything with OpenTelemetry's own tracer and prints the spans. A process of its own, for Node resolves the
// SDK's modules and the test runner does not.
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { openMemkeep } from '../../src/index.ts'
import { mintScope } from '../../src/trust.ts'
import { keysAt } from '../support/keys-at.ts'

const { database, keyDir } = JSON.parse(process.argv[2]!)
const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const keep = await openMemkeep({
  database,
  ...keysAt(keyDir),
  acceptOldServer: true,
  tracer: provider.getTracer('memkeep'),
})
const memoryOf = (tenant: string, role: string) =>
  keep.for(mintScope({ tenant, subject: 'secret-subject', principal: { id: 'secret-principal', roles: [role] } }))

const memory = memoryOf('acme', 'admin')
const { id } = await memory.add('secret-content', { actor: 'user', tags: ['secret-tag'] })
await memory.search('secret-query')
await memory.get(id)
await memory.list()
await memory.history(id)
await memory.update(id, { content: 'secret-other' }, { actor: 'user' })
for await (const _ of memory.export());
await memory.delete(id)
await memoryOf('globex', 'admin').list()
await memoryOf('acme', 'export')
  .add('secret-content', { actor: 'user' })
  .catch(() => {})
await keep.close()

const spans = exporter
  .getFinishedSpans()
  .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
process.stdout.write(JSON.stringify(spans))
