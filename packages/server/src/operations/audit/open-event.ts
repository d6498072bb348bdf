import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({ id: z.string() })

/** What shows one event's details beside its proof; null when there is none in reach, it has no place yet, or its key is gone. */
export const openEvent: Operation<typeof input, { readonly opening: string } | null> = {
  input,
  async run({ reads }, { id }) {
    const opening = await reads.audit.opening(id)
    return opening === null ? null : { opening }
  },
}
