import { toBase64 } from './base64.ts'
import { ed25519Spki } from './ed25519.ts'

/** The key as openssl reads it. */
export function publicKeyPem(publicKey: Uint8Array): string {
  return `-----BEGIN PUBLIC KEY-----\n${toBase64(ed25519Spki(publicKey))}\n-----END PUBLIC KEY-----\n`
}
