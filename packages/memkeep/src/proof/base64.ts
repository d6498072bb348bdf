import { proofInvalid } from './proof-invalid.ts'

/** RFC 4648 §4, padded. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The one encoding of some bytes and no other: no spaces, no missing padding, no stray low bits. Else `ERR_PROOF_INVALID`. */
export function fromBase64(text: string): Uint8Array {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    throw proofInvalid('not base64')
  }
  if (btoa(binary) !== text) throw proofInvalid('not the canonical base64 of its bytes')
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
