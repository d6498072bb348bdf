import type { Memory } from 'memkeep'
import { z } from 'zod'
import type { Operation } from './operation.ts'

const input = z.strictObject({ id: z.string() })

/** Every version, newest first; none for a missing memory and for a foreign one alike. */
export const memoryHistory: Operation<typeof input, { readonly versions: readonly Memory[] }> = {
  input,
  run: async ({ reads }, { id }) => ({ versions: await reads.history(id) }),
}
