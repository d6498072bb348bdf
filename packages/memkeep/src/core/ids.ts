import { randomFillSync, randomInt } from 'node:crypto'

/** Makes ids and nonces' worth of randomness. A seam: tests and the simulator bring a seeded one. */
export interface IdSource {
  /** A UUIDv7 (RFC 9562 §5.7), lower-case, hyphenated. `nowMs` becomes its time field. */
  uuid(nowMs: number): string
}

/** UUIDv7 from 48 bits of time and ten random bytes, of which 74 bits survive the version and variant fields. */
export function uuidV7(nowMs: number, random: Uint8Array): string {
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes.set(random.subarray(0, 10), 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return formatUuid(bytes)
}

export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The 16 bytes of a hyphenated UUID. The caller has checked its form. */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for a lower-case hyphenated UUID and nothing else: ids are compared as written. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuidForm.test(value)
}

/** An id that cannot be one of ours stands for nothing: it is asked for as the nil UUID, with the same work. */
export function uuidOrNil(value: unknown): string {
  return isUuid(value) ? value : '00000000-0000-0000-0000-000000000000'
}

/**
 * Random ids whose order is the order in which they were made: within a millisecond the twelve bits after the version count
 * up (RFC 9562 §6.2, method 1), from a random start in the lower half. A clock that is set back does not break it.
 */
export class RandomIds implements IdSource {
  #lastMs = 0
  #count = 0
  /** Random bytes for some ids: one call for each costs as much as all the rest of making one. */
  readonly #random = Buffer.alloc(10 * 32)
  #taken = 32

  uuid(nowMs: number): string {
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs
      this.#count = randomInt(0x800)
    } else if (this.#count === 0xfff) {
      this.#lastMs++
      this.#count = 0
    } else {
      this.#count++
    }
    if (this.#taken === 32) {
      randomFillSync(this.#random)
      this.#taken = 0
    }
    const random = this.#random.subarray(10 * this.#taken++)
    random.writeUInt16BE(this.#count, 0)
    return uuidV7(this.#lastMs, random)
  }
}

export const randomIds: IdSource = new RandomIds()
