import { MemkeepError, type MintedKey, type MintInput, type ScopedMemory } from 'memkeep'
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

const longestSeconds = 86_400

/** A short-lived credential, for no more than the one that asks may do, and for no longer than that one lives or is good. */
export const mintToken: Operation<typeof input, MintedKey> = {
  input,
  async run({ writes, mints }, given) {
    if (mints === null) return denied(writes, 'a token that was minted mints no others')
    const leftSeconds = Math.floor((mints.endsMs - Date.now()) / 1000)
    if (leftSeconds < 1) return denied(writes, 'the credential is about to end')
    const { ttlSeconds = 900 } = given
    // A life that nobody may ask for stays as it was asked, for the kernel to refuse.
    const bounded = ttlSeconds > longestSeconds ? ttlSeconds : Math.min(ttlSeconds, leftSeconds)
    const maker = mints.maker === null ? {} : { maker: mints.maker }
    return writes.mintKey({ ...given, ttlSeconds: bounded, ...maker } as MintInput)
  },
}

async function denied(memory: ScopedMemory, why: string): Promise<never> {
  await memory.noteDenied('token.mint')
  throw new MemkeepError('ERR_ACCESS_DENIED', why)
}
