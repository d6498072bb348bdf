import { timingSafeEqual } from 'node:crypto'
import { sealBroken } from './aead.ts'
import type { Secret } from './secret.ts'

/** What the key store holds under a name: a key, wrapped, and what proves that it is the one that was wrapped first. */
export interface KeyRecord {
  /** Id of the root key, or name of the record, that wrapped it. */
  readonly wrappedBy: string
  readonly wrapped: Buffer
  /** 32 bytes that only this key gives: AES-GCM alone would accept one ciphertext under two keys. */
  readonly commitment: Buffer
}

export function encodeKeyRecord(record: KeyRecord): Buffer {
  const { wrappedBy, wrapped, commitment } = record
  const text = { v: 1, wrappedBy, wrapped: wrapped.toString('base64'), commitment: commitment.toString('base64') }
  return Buffer.from(`${JSON.stringify(text)}\n`, 'utf8')
}

/** Throws `ERR_SEAL_BROKEN` for anything that `encodeKeyRecord` does not write. */
export function parseKeyRecord(bytes: Buffer): KeyRecord {
  const { v, wrappedBy, wrapped, commitment } = parseObject(bytes)
  if (v !== 1 || typeof wrappedBy !== 'string' || typeof wrapped !== 'string' || typeof commitment !== 'string') {
    throw sealBroken()
  }
  return { wrappedBy, wrapped: Buffer.from(wrapped, 'base64'), commitment: Buffer.from(commitment, 'base64') }
}

export function commitmentOf(secret: Secret): Buffer {
  return secret.derive('commitment')
}

/** Throws `ERR_SEAL_BROKEN` when the opened key is not the one that the record was made for. */
export function checkCommitment(record: KeyRecord, secret: Secret): void {
  const own = commitmentOf(secret)
  if (record.commitment.length !== own.length || !timingSafeEqual(record.commitment, own)) throw sealBroken()
}

/** What a record says that holds no key: its words. Throws `ERR_SEAL_BROKEN` for what is no such record. */
export function parseWords(bytes: Buffer): Record<string, unknown> {
  const says = parseObject(bytes)
  const { v, ...words } = says
  if (v !== 1 || Array.isArray(says)) throw sealBroken()
  return words
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  try {
    return Object(JSON.parse(bytes.toString('utf8')))
  } catch {
    throw sealBroken()
  }
}
