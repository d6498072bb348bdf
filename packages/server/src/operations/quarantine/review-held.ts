import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({ ids: z.array(z.string()).describe('At most 1,000.') })

/** The ids that were held: makes memories of them, trusted as they are. */
export const releaseHeld: Operation<typeof input, { readonly released: readonly string[] }> = {
  input,
  run: ({ writes }, { ids }) => writes.quarantine.release(ids),
}

/** The ids that were held: removes them with every version. */
export const rejectHeld: Operation<typeof input, { readonly rejected: readonly string[] }> = {
  input,
  run: ({ writes }, { ids }) => writes.quarantine.reject(ids),
}
