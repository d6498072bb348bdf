import type { SearchResult } from 'memkeep'
import { z } from 'zod'
import { moment } from './moment.ts'
import type { Operation } from './operation.ts'
import { sensitivities } from './sensitivities.ts'

const input = z.strictObject({
  query: z.string().describe('What to look for, in words; at most 8 KiB.'),
  limit: z.number().describe('The most memories to return; default 10, at most 100.').exactOptional(),
  minTrust: z
    .enum(['external', 'user', 'agent', 'system'])
    .describe('A guarantee: nothing below it is returned.')
    .exactOptional(),
  sensitivity: sensitivities.exactOptional(),
  kinds: z.array(z.string()).exactOptional(),
  tags: z.array(z.string()).describe('All of them must be there.').exactOptional(),
  agent: z.string().describe('Only what this agent stored.').exactOptional(),
  session: z.string().describe('Only what belongs to this talk.').exactOptional(),
  since: moment.describe('From this moment on.').exactOptional(),
  until: moment.describe('Before this moment.').exactOptional(),
  weights: z
    .strictObject({
      recency: z.number().describe('From 0 to 1,000.').exactOptional(),
      halfLifeDays: z.number().describe('Above 0; default 30.').exactOptional(),
      importance: z.number().describe('From 0 to 1,000.').exactOptional(),
    })
    .describe('What counts beside how well a memory answers; default nothing.')
    .exactOptional(),
  explain: z.boolean().describe('Return the parts of each score.').exactOptional(),
})

export const searchMemories: Operation<typeof input, SearchResult> = {
  input,
  run({ reads }, { query, ...options }, { signal }) {
    return reads.search(query, { ...options, ...(signal === undefined ? {} : { signal }) })
  },
}
