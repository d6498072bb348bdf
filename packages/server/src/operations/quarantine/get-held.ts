import type { HeldMemory } from 'memkeep'
import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({ id: z.string() })

/** Null for what is not held and for what is another's alike. */
export const getHeld: Operation<typeof input, HeldMemory | null> = {
  input,
  run: ({ reads }, { id }) => reads.quarantine.get(id),
}
