import { MemkeepError, type MintedKey, type MintInput } from 'memkeep'
import { z } from 'zod'
import type { Operation } from './operation.ts'

const input = z.strictObject({
  subject: z
    .union([z.string(), z.null()])
    .describe(
      'Whom the token is for; null: the tenant as a whole. A credential of one subject mints for that subject alone.',
    ),
  roles: z.array(z.string()).describe("Some of the credential's own; default all.").exactOptional(),
  rights: z.array(z.string()).describe('Some of what it was given beyond its roles; default none.').exactOptional(),
  ttlSeconds: z.number().describe('Default 900, at most 86,400.').exactOptional(),
})

/** A short-lived credential, for no more than the one that asks may do. */
export const mintToken: Operation<typeof input, MintedKey> = {
  input,
  async run({ writes, mints }, given) {
    if (!mints) throw new MemkeepError('ERR_ACCESS_DENIED', 'a token that was minted mints no others')
    return writes.mintKey(given as MintInput)
  },
}
