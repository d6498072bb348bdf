import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'
import type { Signer } from '../proof/ed25519.ts'
import { formatNoteKey, type NoteKey, noteKey } from '../proof/note-key.ts'
import type { Secret } from './secret.ts'

/** DER of an Ed25519 private key, up to its 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')

/**
 * The key of one log: its checkpoints are signed with it, and so is what is attested of its tenant. Name and key follow from the
 * deployment's secret, so that nothing has to be kept for each; the name is no tag and tells nothing of the tenant.
 */
export class LogKey implements Signer {
  /** The log's name, and the key's. */
  readonly origin: string
  readonly noteKey: NoteKey
  /** The public key, as note tools take it. */
  readonly vkey: string
  readonly publicKey: Uint8Array
  #key: KeyObject | null

  constructor(root: Secret, tag: Buffer, line: number) {
    const name = root.derive('log name', tag, line)
    const seed = root.derive('log key', tag, line)
    const der = Buffer.concat([pkcs8Head, seed])
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    for (const bytes of [seed, der]) bytes.fill(0)
    this.origin = `memkeep/log/${name.toString('hex', 0, 16)}`
    this.publicKey = new Uint8Array(createPublicKey(this.#key).export({ format: 'der', type: 'spki' }).subarray(-32))
    this.noteKey = noteKey(sha256, this.origin, this.publicKey)
    this.vkey = formatNoteKey(this.noteKey)
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    if (this.#key === null) {
      throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the key was put away; ask the keyring for it again', {
        retryable: true,
      })
    }
    return new Uint8Array(sign(null, message, this.#key))
  }

  destroy(): void {
    this.#key = null
  }
}
