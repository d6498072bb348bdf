import { MemkeepError } from 'memkeep'
import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({
  kind: z.enum(['subject', 'tenant']).describe('What the credential is for: its subject, or its tenant as a whole.'),
  reason: z.enum(['request', 'contract-end', 'retention', 'test']),
  after: z.enum(['bar', 'reopen']).describe('Of a subject; default bar.').exactOptional(),
  confirm: z.string().describe('Of a tenant: its id once more.').exactOptional(),
})

/** Begins an erasure, or goes on with the one that stands. Its id is known once the request stands in the ledger. */
export const requestErasure: Operation<typeof input, { readonly id: string }> = {
  input,
  async run({ erases, writes }, { kind, reason, after, confirm }) {
    if (kind !== erases.kind) {
      await writes.noteDenied('erasure.requested')
      throw new MemkeepError('ERR_ACCESS_DENIED', 'the credential is not for what is to be erased')
    }
    if (erases.kind === 'subject') {
      if (confirm !== undefined) throw new MemkeepError('ERR_INPUT_INVALID', 'confirm goes with a tenant')
      const { id } = await erases.begin({ reason, ...(after === undefined ? {} : { after }) })
      return { id }
    }
    if (after !== undefined) throw new MemkeepError('ERR_INPUT_INVALID', 'after goes with a subject')
    const { id } = await erases.begin({ reason, confirm: confirm ?? '' })
    return { id }
  },
}
