/** Writes what `ByteReader` reads. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(2048)
  #length = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  bytes(values: Uint8Array): void {
    this.#reserve(values.length)
    this.#bytes.set(values, this.#length)
    this.#length += values.length
  }

  /** A whole number from 0 to 2^32 - 1. */
  number(value: number): void {
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) + 128)
    this.byte(rest)
  }

  /** Must be well-formed. */
  text(value: string): void {
    const length = Buffer.byteLength(value, 'utf8')
    this.number(length)
    this.#reserve(length)
    this.#length += this.#bytes.write(value, this.#length, 'utf8')
  }

  /** What was written, and nothing of the memory round it. */
  written(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
