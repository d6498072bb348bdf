import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'
import { canonicalBytes, type Field } from '../proof/canonical-bytes.ts'
import { sealBroken } from './aead.ts'

const secretBytes = 32
const noSalt = Buffer.alloc(0)

/**
 * A 256-bit key, opened. Its bytes live outside the JavaScript heap, in a KeyObject, which clears them when it is collected;
 * no buffer of ours keeps them. After `destroy` every use throws `ERR_KEY_UNAVAILABLE` (retryable: ask the keyring again).
 */
export class Secret {
  #key: KeyObject | null

  /** Takes the bytes over: they are zero when this returns or throws. `ERR_SEAL_BROKEN` unless there are 32. */
  constructor(raw: Buffer) {
    const whole = raw.length === secretBytes
    this.#key = whole ? createSecretKey(raw) : null
    raw.fill(0)
    if (!whole) throw sealBroken()
  }

  /** 32 bytes by HKDF-SHA-256, different for every label. The caller zero-fills them. */
  derive(...label: readonly Field[]): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#use(), noSalt, canonicalBytes(['memkeep', ...label]), secretBytes))
  }

  /** As `derive`, as a key. */
  subkey(...label: readonly Field[]): KeyObject {
    const raw = this.derive(...label)
    const key = createSecretKey(raw)
    raw.fill(0)
    return key
  }

  /** The first 16 bytes of HMAC-SHA-256 over the fields. Throws `ERR_INPUT_INVALID` for a lone surrogate: two ids would meet. */
  tag(...fields: readonly (string | Uint8Array)[]): Buffer {
    for (const field of fields) {
      if (typeof field === 'string' && !field.isWellFormed()) {
        throw new MemkeepError('ERR_INPUT_INVALID', 'text to be tagged holds a lone surrogate')
      }
    }
    return createHmac('sha256', this.#use()).update(canonicalBytes(fields)).digest().subarray(0, 16)
  }

  destroy(): void {
    this.#key = null
  }

  #use(): KeyObject {
    if (this.#key === null) {
      throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the key was put away; ask the keyring for it again', {
        retryable: true,
      })
    }
    return this.#key
  }
}
