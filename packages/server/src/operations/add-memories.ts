import type { StoredReceipt } from 'memkeep'
import { z } from 'zod'
import { embed, memoryFields } from './add-memory.ts'
import type { Operation } from './operation.ts'

const input = z.strictObject({
  memories: z.array(memoryFields).describe('At most 1,000, stored in one commit: all of them or none.'),
  embed: embed.exactOptional(),
})

/** Receipts in the order of the memories. */
export const addMemories: Operation<typeof input, { readonly receipts: readonly StoredReceipt[] }> = {
  input,
  run: async ({ writes }, { memories, ...given }, options) => ({
    receipts: await writes.addMany(memories, { ...given, ...options }),
  }),
}
