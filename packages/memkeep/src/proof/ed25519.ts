import { joined } from './byte-string.ts'

/** Signs with one Ed25519 key: node:crypto, WebCrypto or a KMS, which the caller brings. */
export interface Signer {
  /** The 32 bytes of RFC 8032. */
  readonly publicKey: Uint8Array
  /** The 64-byte signature of the message itself (Ed25519, not Ed25519ph). */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** DER of the SubjectPublicKeyInfo of an Ed25519 key, up to the key (RFC 8410). */
const spkiHead = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)

export function ed25519Spki(publicKey: Uint8Array): Uint8Array {
  return joined(spkiHead, publicKey)
}

/** False for a wrong signature and for 32 bytes that are no key. By WebCrypto (Node, and browsers since 2025). */
export async function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { subtle } = globalThis.crypto
  try {
    const key = await subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, ['verify'])
    return await subtle.verify('Ed25519', key, new Uint8Array(signature), new Uint8Array(message))
  } catch (error) {
    if (error instanceof DOMException && error.name === 'DataError') return false
    throw error
  }
}
