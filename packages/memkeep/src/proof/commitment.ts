import { fromBase64, toBase64 } from './base64.ts'
import { joined } from './byte-string.ts'
import { readCanonical } from './canonical-json.ts'
import { isIndex } from './decimal.ts'
import { toHex } from './hex.ts'
import { hmacSha256 } from './hmac-sha256.ts'
import { proofInvalid } from './proof-invalid.ts'
import type { Sha256 } from './sha256.ts'
import { utf8 } from './utf8.ts'

/**
 * A part of an event's details, opened: the bytes, and the 32-byte key that HKDF made for this event and part out of the audit
 * key that seals it. The key opens nothing else.
 */
export interface OpenPart {
  readonly key: Uint8Array
  readonly details: Uint8Array
}

/** A part kept shut, or whose key was destroyed: the HMAC alone (32 bytes). */
export interface ShutPart {
  readonly commit: Uint8Array
}

/** What shows an auditor one event's details and nothing of the others. */
export interface Opening {
  readonly index: number
  readonly parts: readonly (OpenPart | ShutPart)[]
}

const domain = utf8('memkeep/commit@v1\n')

/**
 * The `commit` of a leaf, in hex. Of one part: HMAC-SHA-256(key, details). Of several (one for each subject touched): SHA-256
 * over a domain line and their HMACs in order, so that each can be opened without the others. Throws `RangeError` for none.
 */
export function commitment(sha256: Sha256, parts: Opening['parts']): string {
  const [first, ...others] = parts.map((part) => partCommit(sha256, part))
  if (first === undefined) throw new RangeError('details have at least one part')
  return toHex(others.length === 0 ? first : sha256(joined(domain, first, ...others)))
}

/** The HMAC of one part: what is kept so that it can stay shut later. */
export function partCommit(sha256: Sha256, part: OpenPart | ShutPart): Uint8Array {
  const commit = 'commit' in part ? part.commit : hmacSha256(sha256, keyBytes(part.key), part.details)
  if (commit.length !== 32) throw proofInvalid('a commitment is not 32 bytes')
  return commit
}

function keyBytes(key: Uint8Array): Uint8Array {
  if (key.length !== 32) throw proofInvalid("a part's key is not 32 bytes")
  return key
}

/** JSON in one form, with a newline. */
export function encodeOpening(opening: Opening): Uint8Array {
  return utf8(write(opening))
}

/** Throws `ERR_PROOF_INVALID` for any bytes that `encodeOpening` does not give. */
export function decodeOpening(bytes: Uint8Array): Opening {
  return readCanonical(bytes, read, write)
}

function write({ index, parts }: Opening): string {
  const lines = parts.map((part) =>
    'commit' in part ? { commit: toBase64(part.commit) } : { key: toBase64(part.key), details: toBase64(part.details) },
  )
  return `${JSON.stringify({ v: 1, index, parts: lines })}\n`
}

function read({ index, parts }: Readonly<Record<string, unknown>>): Opening {
  if (!isIndex(index) || !Array.isArray(parts) || parts.length === 0) throw proofInvalid('not an opening')
  return { index, parts: parts.map(readPart) }
}

function readPart(part: unknown): OpenPart | ShutPart {
  const { key, details, commit } = Object(part) as Record<string, unknown>
  if (typeof commit === 'string') return { commit: fromBase64(commit) }
  if (typeof key !== 'string' || typeof details !== 'string') throw proofInvalid('not a part of an opening')
  return { key: fromBase64(key), details: fromBase64(details) }
}
