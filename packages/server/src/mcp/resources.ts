import { type McpServer, ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server'
import { type Memory, quoted } from 'memkeep'
import { getMemory } from '../operations/get-memory.ts'
import type { Reach } from '../operations/operation.ts'
import { type NoteFault, told } from './told.ts'

const memoryUri = 'memkeep://memories/{id}'
const lineageUri = `${memoryUri}/lineage`

/** The most sources that a lineage goes back to. */
const mostSources = 100

/** What a memory was made from, as far back as it goes. */
export interface Lineage {
  readonly memories: readonly Pick<Memory, 'id' | 'version' | 'actor' | 'trust' | 'derivedFrom'>[]
  /** True when there are more sources than are told. */
  readonly cut: boolean
}

/** Adds a memory, and where it came from, as resources. None is listed: what is there is found by `recall`. */
export function addResources(server: McpServer, reach: () => Promise<Reach>, note: NoteFault): void {
  const read = (
    name: string,
    template: string,
    description: string,
    run: (at: Reach, id: string) => Promise<object | null>,
  ) =>
    server.registerResource(
      name,
      new ResourceTemplate(template, { list: undefined }),
      { description, mimeType: 'application/json' },
      async (uri, { id }) => {
        const look = async () => run(await reach(), String(id))
        const found = await look().catch((error: unknown) => {
          throw new Error(told(error, note))
        })
        if (found === null) throw new ResourceNotFoundError(uri.href)
        return { contents: [{ uri: uri.href, mimeType: 'application/json', text: quoted(found) }] }
      },
    )
  read('memory', memoryUri, 'One memory, quoted as data.', (at, id) => getMemory.run(at, { id }, {}))
  read('lineage', lineageUri, 'What a memory was made from, with the trust of each.', lineageOf)
}

async function lineageOf(reach: Reach, id: string): Promise<Lineage | null> {
  const memories: Memory[] = []
  const waiting = [id]
  const seen = new Set(waiting)
  while (waiting.length > 0 && memories.length < mostSources) {
    const memory = await getMemory.run(reach, { id: waiting.shift()! }, {})
    if (memory === null) continue
    memories.push(memory)
    for (const source of memory.derivedFrom) {
      if (!seen.has(source)) waiting.push(source)
      seen.add(source)
    }
  }
  if (memories[0]?.id !== id) return null
  const told = memories.map(({ id: of, version, actor, trust, derivedFrom }) => ({
    id: of,
    version,
    actor,
    trust,
    derivedFrom,
  }))
  return { memories: told, cut: waiting.length > 0 }
}
