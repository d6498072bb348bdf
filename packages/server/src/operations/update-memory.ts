import type { StoredReceipt } from 'memkeep'
import { z } from 'zod'
import { memoryFields, metadata } from './add-memory.ts'
import { moment } from './moment.ts'
import type { Operation } from './operation.ts'

const { content, actor, tags, sensitivity, session } = memoryFields.shape

const input = z.strictObject({
  id: z.string(),
  actor: actor.describe('Who authored the change: the new version is trusted no more than its author.'),
  content: content.exactOptional(),
  tags,
  metadata: metadata.exactOptional(),
  sensitivity,
  expiresAt: z.union([moment, z.null()]).describe('Null: no longer expires.').exactOptional(),
  session: session.describe('The talk that the change is said in; the memory stays in its own.'),
  ifVersion: z.number().describe('Only when this version stands.').exactOptional(),
})

/** Null for a missing memory and for a foreign one alike. What is absent stays as it is. */
export const updateMemory: Operation<typeof input, StoredReceipt | null> = {
  input,
  run: ({ writes }, { id, actor, ifVersion, session, ...patch }) =>
    writes.update(id, patch, {
      actor,
      ...(ifVersion === undefined ? {} : { ifVersion }),
      ...(session === undefined ? {} : { session }),
    }),
}
