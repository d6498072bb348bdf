import type { Page } from 'memkeep'
import { z } from 'zod'
import type { Operation } from './operation.ts'
import { sensitivities } from './sensitivities.ts'

const input = z.strictObject({
  limit: z.number().describe('Default 50, at most 100.').exactOptional(),
  cursor: z.string().describe('nextCursor of the page before.').exactOptional(),
  kinds: z.array(z.string()).exactOptional(),
  tags: z.array(z.string()).describe('All of them must be there.').exactOptional(),
  sensitivity: sensitivities.exactOptional(),
})

export const listMemories: Operation<typeof input, Page> = {
  input,
  run: ({ reads }, options) => reads.list(options),
}
