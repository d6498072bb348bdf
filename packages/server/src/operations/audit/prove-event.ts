import { z } from 'zod'
import type { Operation } from '../operation.ts'

const input = z.strictObject({ id: z.string() })

/** That an event is in the log, to be checked offline; null when there is none in reach. As JSON carries it: hashes in base64. */
export const proveEvent: Operation<typeof input, object | null> = {
  input,
  async run({ reads }, { id }) {
    const found = await reads.audit.proof(id)
    if (found === null) return null
    const { entry, proof, ...rest } = found
    const hashes = proof.map((hash) => Buffer.from(hash).toString('base64'))
    return { ...rest, entry: Buffer.from(entry).toString('utf8'), proof: hashes }
  },
}
