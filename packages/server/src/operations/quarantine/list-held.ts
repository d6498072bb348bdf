import type { HeldPage } from 'memkeep'
import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({
  limit: z.number().describe('Default 50, at most 100.').exactOptional(),
  cursor: z.string().describe('nextCursor of the page before.').exactOptional(),
})

/** What is held for review, in the order in which it was made. */
export const listHeld: Operation<typeof input, HeldPage> = {
  input,
  run: ({ reads }, options) => reads.quarantine.list(options),
}
