import { hash, type KeyObject } from 'node:crypto'
import { canonicalBytes, type Field } from '../proof/canonical-bytes.ts'
import { aeadOpen, aeadOverhead, aeadSeal, sealBroken } from './aead.ts'
import type { Secret } from './secret.ts'

/** What a sealed record is for. Each purpose has a subkey of its own. */
export type Purpose = 'content' | 'details' | 'entry' | 'audit' | 'name' | 'policy' | 'receipt' | 'credential' | 'cache'

/** Whose key it is. `subjectTag` is null for the key of the tenant itself. */
export interface DataKeyPlace {
  readonly tenantTag: Buffer
  readonly subjectTag: Buffer | null
  readonly epoch: number
  readonly version: number
}

const formatId = 1
/** Format id, key version (u32, big-endian). */
const headBytes = 5
/** HKDF-Expand ends each block's input with its number. */
const oneBlock = Buffer.of(1)

/** The two pads of HMAC-SHA-256 for a 32-byte key, which is zero afterwards. */
function padsOf(key: Buffer): { inner: Buffer; outer: Buffer } {
  const [inner, outer] = [Buffer.alloc(64, 0x36), Buffer.alloc(64, 0x5c)]
  for (const [i, byte] of key.entries()) {
    inner[i]! ^= byte
    outer[i]! ^= byte
  }
  key.fill(0)
  return { inner, outer }
}

/**
 * Seals and opens records of one subject. A sealed record is: format id (1 byte), key version (u32), nonce (12 bytes),
 * AES-256-GCM ciphertext, tag (16 bytes): 33 bytes more than the plaintext. It opens only under the same tenant, subject, epoch,
 * key version, purpose and `context` (the caller names table, record id, memory version, column and the labels' digest).
 */
export class DataKey {
  readonly epoch: number
  readonly version: number
  readonly #secret: Secret
  readonly #place: DataKeyPlace
  readonly #subkeys = new Map<Purpose, KeyObject>()
  /** The pads of HMAC under the subkeys that commit and compare. They open nothing, so they may lie in buffers, which is a tenth of the time. */
  readonly #pads = new Map<'commit' | 'same', { readonly inner: Buffer; readonly outer: Buffer }>()
  #made = false

  /** Takes the secret over: it goes when this key goes. */
  constructor(secret: Secret, place: DataKeyPlace) {
    this.#secret = secret
    this.#place = place
    this.epoch = place.epoch
    this.version = place.version
  }

  seal(purpose: Purpose, plaintext: Uint8Array, context: readonly Field[]): Buffer {
    const record = aeadSeal(this.#subkey(purpose), plaintext, this.#associated(purpose, context), headBytes)
    record[0] = formatId
    record.writeUInt32BE(this.version, 1)
    return record
  }

  /** The plaintext. Throws `ERR_SEAL_BROKEN` when anything at all is not as it was sealed. */
  open(purpose: Purpose, record: Uint8Array, context: readonly Field[]): Buffer {
    if (keyVersionOf(record) !== this.version) throw sealBroken()
    return aeadOpen(this.#subkey(purpose), record, this.#associated(purpose, context), headBytes)
  }

  /**
   * 32 bytes with which the ledger commits to one event's details: HKDF-Expand, for that event alone. Handed to an auditor it
   * opens nothing else.
   */
  eventKey(event: string): Buffer {
    return this.#hmac('commit', Buffer.from(event, 'latin1'), oneBlock)
  }

  /** 16 bytes that are the same for the same fields under this very key, and tell nobody without it whether they are. */
  digestOf(fields: readonly Field[]): Buffer {
    return this.#hmac('same', canonicalBytes(fields)).subarray(0, 16)
  }

  /** Called by whoever made this key in the key store: the event of the call that needed it says so. */
  markMade(): void {
    this.#made = true
  }

  /** Whether it was made here, and no event was told so yet. */
  takeMade(): boolean {
    const made = this.#made
    this.#made = false
    return made
  }

  /** After it `seal` and `open` throw `ERR_KEY_UNAVAILABLE` (retryable). */
  destroy(): void {
    this.#secret.destroy()
    this.#subkeys.clear()
    for (const { inner, outer } of this.#pads.values()) {
      inner.fill(0)
      outer.fill(0)
    }
    this.#pads.clear()
  }

  #hmac(use: 'commit' | 'same', ...parts: Buffer[]): Buffer {
    let pads = this.#pads.get(use)
    if (pads === undefined) {
      pads = padsOf(this.#secret.derive(use))
      this.#pads.set(use, pads)
    }
    const message = Buffer.concat([pads.inner, ...parts])
    return hash('sha256', Buffer.concat([pads.outer, hash('sha256', message, 'buffer')]), 'buffer')
  }

  #associated(purpose: Purpose, context: readonly Field[]): Buffer {
    const { tenantTag, epoch, subjectTag, version } = this.#place
    return canonicalBytes([formatId, tenantTag, epoch, subjectTag, version, purpose, ...context])
  }

  #subkey(purpose: Purpose): KeyObject {
    let subkey = this.#subkeys.get(purpose)
    if (subkey === undefined) {
      subkey = this.#secret.subkey('seal', purpose)
      this.#subkeys.set(purpose, subkey)
    }
    return subkey
  }
}

/** The key version that a record names, not yet authenticated. Throws `ERR_SEAL_BROKEN` for what is no sealed record. */
export function keyVersionOf(record: Uint8Array): number {
  if (record.length < headBytes + aeadOverhead || record[0] !== formatId) throw sealBroken()
  return Buffer.from(record.buffer, record.byteOffset, record.length).readUInt32BE(1)
}
