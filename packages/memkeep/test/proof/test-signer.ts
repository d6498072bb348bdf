import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Signer } from '../../src/proof/ed25519.ts'
import { nodeSha256 } from './node-sha256.ts'

/** An Ed25519 key that follows from a word; signing is done by node:crypto, which is not what verifies. */
export function testSigner(word: string): Signer {
  const seed = nodeSha256(Buffer.from(word))
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  return { publicKey, sign: async (message) => sign(null, message, key) }
}
