import type { ErasureView } from 'memkeep'
import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({ id: z.string() })

/** An erasure of exactly what the credential is for, step by step; null when there is none. */
export const showErasure: Operation<typeof input, ErasureView | null> = {
  input,
  run: ({ erases }, { id }) => erases.made.show(id),
}
