import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'

const nonceBytes = 12
const tagBytes = 16

/** What sealing adds to the length of the plaintext. */
export const aeadOverhead = nonceBytes + tagBytes

const algorithm = 'aes-256-gcm'
const options = Object.freeze({ authTagLength: tagBytes })

/** One call for some nonces: one for each costs 2.5 µs. Few at a time, as a machine resumed twice from a snapshot repeats them. */
const nonces = Buffer.alloc(nonceBytes * 32)
let nextNonce = nonces.length

/**
 * AES-256-GCM with a random nonce: `headBytes` bytes left for the caller to fill in, nonce, ciphertext, tag. The head is
 * not authenticated by itself: the caller repeats it in `associated`.
 */
export function aeadSeal(key: KeyObject, plaintext: Uint8Array, associated: Uint8Array, headBytes: number): Buffer {
  const record = Buffer.allocUnsafe(headBytes + aeadOverhead + plaintext.length)
  const nonce = record.subarray(headBytes, headBytes + nonceBytes)
  takeNonce(nonce)
  const cipher = createCipheriv(algorithm, key, nonce, options)
  cipher.setAAD(associated)
  record.set(cipher.update(plaintext), headBytes + nonceBytes)
  cipher.final()
  record.set(cipher.getAuthTag(), record.length - tagBytes)
  return record
}

/** The plaintext after a head of `headBytes`. Throws `ERR_SEAL_BROKEN`; then no byte of the plaintext is left behind. */
export function aeadOpen(key: KeyObject, record: Uint8Array, associated: Uint8Array, headBytes: number): Buffer {
  if (record.length < headBytes + aeadOverhead) throw sealBroken()
  const body = headBytes + nonceBytes
  const decipher = createDecipheriv(algorithm, key, record.subarray(headBytes, body), options)
  decipher.setAAD(associated)
  decipher.setAuthTag(record.subarray(record.length - tagBytes))
  const plaintext = decipher.update(record.subarray(body, record.length - tagBytes))
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    throw sealBroken()
  }
  return plaintext
}

/** Says nothing of which part was wrong, and carries no cause. */
export function sealBroken(): MemkeepError {
  return new MemkeepError('ERR_SEAL_BROKEN', 'the sealed bytes do not open under this key and context')
}

function takeNonce(into: Buffer): void {
  if (nextNonce === nonces.length) {
    randomFillSync(nonces)
    nextNonce = 0
  }
  nonces.copy(into, 0, nextNonce, nextNonce + nonceBytes)
  nextNonce += nonceBytes
}
