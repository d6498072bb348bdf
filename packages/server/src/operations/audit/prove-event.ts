import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({ id: z.string() })

/** That an event is in the log, to be checked offline; null when there is none in reach. */
export const proveEvent: Operation<typeof input, object | null> = {
  input,
  run: ({ reads }, { id }) => reads.audit.proof(id),
}
