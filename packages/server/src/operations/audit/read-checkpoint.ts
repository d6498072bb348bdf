import type { LedgerHead } from 'memkeep'
import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({})

/** The newest signed head of the tenant's log; null before its first event has a place. */
export const readCheckpoint: Operation<typeof input, LedgerHead | null> = {
  input,
  run: ({ reads }) => reads.audit.checkpoint(),
}
