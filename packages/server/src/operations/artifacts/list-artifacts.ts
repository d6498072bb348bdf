import type { ArtifactListOptions, ArtifactPage } from 'memkeep'
import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({
  limit: z.number().describe('Default 50, at most 100.').exactOptional(),
  cursor: z.string().describe('nextCursor of the page before.').exactOptional(),
  kinds: z.array(z.string()).exactOptional(),
  states: z
    .array(z.string())
    .describe('Default those that can be read; dead: what could not be rebuilt.')
    .exactOptional(),
})

export const listArtifacts: Operation<typeof input, ArtifactPage> = {
  input,
  run: ({ reads }, options) => reads.artifacts.list(options as ArtifactListOptions),
}
