import type { AuditPage } from 'memkeep'
import { z } from 'zod'
import { moment } from '../moment.ts'
import type { Operation } from '../operation.ts'

const input = z.strictObject({
  limit: z.number().describe('Default 50, at most 100.').exactOptional(),
  cursor: z.string().describe('nextCursor of the page before.').exactOptional(),
  since: moment.describe('Events from this moment on.').exactOptional(),
  until: moment.describe('Events before this moment.').exactOptional(),
  actions: z.array(z.string()).describe('Names of actions, memory.search say; default all.').exactOptional(),
})

/** What was done, refused and disclosed, newest first. */
export const listEvents: Operation<typeof input, AuditPage> = {
  input,
  run: ({ reads }, options) => reads.audit.list(options),
}
