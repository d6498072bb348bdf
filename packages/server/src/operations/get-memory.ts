import type { Memory } from 'memkeep'
import { z } from 'zod'
import type { Operation } from './operation.ts'

const input = z.strictObject({ id: z.string() })

/** Null for a missing memory and for a foreign one alike. */
export const getMemory: Operation<typeof input, Memory | null> = {
  input,
  run: ({ reads }, { id }) => reads.get(id),
}
