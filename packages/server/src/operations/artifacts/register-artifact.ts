import type { RegisteredArtifact } from 'memkeep'
import { z } from 'zod'
import { memoryFields, metadata } from '../add-memory.ts'
import type { Operation } from '../operation.ts'

const input = z.strictObject({
  kind: z.string().describe('summary, reflection, fact, skill, …: a word of yours, [a-z][a-z0-9_-]{0,31}.'),
  content: z.string().describe('What it says.'),
  derivedFrom: z.array(z.string()).describe('Ids of memories and artifacts that it was made from; at least one.'),
  shared: z
    .boolean()
    .describe('For every subject of the tenant; needs the right common. Default false.')
    .exactOptional(),
  sensitivity: memoryFields.shape.sensitivity,
  metadata: metadata.exactOptional(),
})

/** Registers what was computed from memories: it goes when they go. */
export const registerArtifact: Operation<typeof input, RegisteredArtifact> = {
  input,
  run: ({ writes }, given) => writes.artifacts.register(given),
}
