import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({
  ids: z
    .array(
      z.union([
        z.string(),
        z.strictObject({ id: z.string(), ifVersion: z.number().describe('Only when this version is held.') }),
      ]),
    )
    .describe('At most 1,000. To be released, one that was ever revised needs the version that was read.'),
})

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
