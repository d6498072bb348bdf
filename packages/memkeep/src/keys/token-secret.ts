/** The raw key of one token window. Its bytes are zero from `destroy` on. */
export class TokenSecret {
  #bytes: Buffer | null

  /** Takes the bytes over. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A copy, which the caller zero-fills; null once destroyed, never zeros. */
  copy(): Buffer | null {
    return this.#bytes === null ? null : Buffer.from(this.#bytes)
  }

  destroy(): void {
    this.#bytes?.fill(0)
    this.#bytes = null
  }
}
