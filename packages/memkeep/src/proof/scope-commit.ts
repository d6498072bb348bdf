import { joined } from './byte-string.ts'
import { proofInvalid } from './proof-invalid.ts'
import type { Sha256 } from './sha256.ts'
import { utf8 } from './utf8.ts'

/** Whom an erasure was about, as whoever asked for it names them. */
export interface ErasedScope {
  readonly kind: 'subject' | 'tenant'
  readonly tenant: string
  /** Null for a tenant. */
  readonly subject: string | null
}

const domain = utf8('memkeep/scope@v1\n')

/**
 * SHA-256 over salt, kind, tenant and subject, each after its length (u32, big-endian): 32 bytes. Without the salt (16 bytes at least)
 * nobody can try ids against it.
 */
export function scopeCommit(sha256: Sha256, salt: Uint8Array, { kind, tenant, subject }: ErasedScope): Uint8Array {
  if (salt.length < 16) throw proofInvalid('a salt of less than 16 bytes')
  const fields = [salt, utf8(kind), utf8(tenant), utf8(subject ?? '')]
  return sha256(joined(domain, ...fields.flatMap((field) => [lengthOf(field), field])))
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff)
}
