import type { ErasureView } from 'memkeep'
import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({ id: z.string() })

/** An erasure of what the credential is for, or, for one of the whole tenant, of any of its subjects, step by step; null when there is none. */
export const showErasure: Operation<typeof input, ErasureView | null> = {
  input,
  run: ({ erases }, { id }) => erases.made.show(id),
}
