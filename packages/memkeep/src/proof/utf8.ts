import { proofInvalid } from './proof-invalid.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text of these bytes, byte for byte (a byte order mark stays). Throws `ERR_PROOF_INVALID` on anything but UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw proofInvalid('not UTF-8 text')
  }
}
