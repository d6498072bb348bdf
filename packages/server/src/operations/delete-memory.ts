import { z } from 'zod'
import type { Operation } from './operation.ts'

const input = z.strictObject({ id: z.string().describe('Id of the memory, as a recall or a list gave it.') })

/** False for a missing memory and for a foreign one alike. */
export const deleteMemory: Operation<typeof input, boolean> = {
  input,
  run: ({ writes }, { id }) => writes.delete(id),
}
