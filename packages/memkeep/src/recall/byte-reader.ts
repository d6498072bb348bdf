import { MemkeepError } from '../core/errors.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads a sealed record from its start. Anything unexpected throws `ERR_SEAL_BROKEN`; it never reads past the end. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Bytes not read yet. No count that is read may be larger. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    if (this.left === 0) throw broken()
    return this.#bytes[this.#at++]!
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    if (length > this.left) throw broken()
    const part = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return part
  }

  /** An unsigned number below 2^32: seven bits a byte, low ones first, in as few bytes as it takes. */
  number(): number {
    let value = 0
    for (let place = 1; ; place *= 128) {
      const next = this.byte()
      value += (next & 127) * place
      if (value >= 2 ** 32) throw broken()
      if (next < 128) {
        if (next === 0 && place > 1) throw broken()
        return value
      }
    }
  }

  text(): string {
    const length = this.number()
    const bytes = this.bytes(length)
    const text = this.#bytes.toString('utf8', this.#at - length, this.#at)
    // Malformed UTF-8 became U+FFFD. The strict decoder tells it from a real one; it is too slow to ask for every term.
    if (!text.includes('\ufffd')) return text
    try {
      return strict.decode(bytes)
    } catch (cause) {
      throw broken(cause)
    }
  }

  end(): void {
    if (this.left > 0) throw broken()
  }
}

export function broken(cause?: unknown): MemkeepError {
  return new MemkeepError('ERR_SEAL_BROKEN', 'an index entry is malformed', { cause })
}
