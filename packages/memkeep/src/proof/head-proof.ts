import { fromBase64, toBase64 } from './base64.ts'
import { readCanonical } from './canonical-json.ts'
import { isIndex } from './decimal.ts'
import { parseHashes } from './inclusion-file.ts'
import { proofInvalid } from './proof-invalid.ts'
import { utf8 } from './utf8.ts'

/** Where a tenant's head stands in a tick, and what shows it. The salt keeps others from guessing a head from its hash. */
export interface HeadProof {
  readonly slot: number
  /** 32 random bytes, new for each tenant and tick. */
  readonly salt: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** JSON in one form, with a newline. */
export function encodeHeadProof(proof: HeadProof): Uint8Array {
  return utf8(write(proof))
}

/** Throws `ERR_PROOF_INVALID` for any bytes that `encodeHeadProof` does not give. */
export function decodeHeadProof(bytes: Uint8Array): HeadProof {
  return readCanonical(bytes, read, write)
}

function write({ slot, salt, path }: HeadProof): string {
  return `${JSON.stringify({ v: 1, slot, salt: toBase64(salt), path: path.map(toBase64) })}\n`
}

function read({ slot, salt, path }: Readonly<Record<string, unknown>>): HeadProof {
  if (!isIndex(slot) || typeof salt !== 'string' || !Array.isArray(path)) {
    throw proofInvalid("not the proof of a tenant's head")
  }
  return { slot, salt: fromBase64(salt), path: parseHashes(path.map(String)) }
}
