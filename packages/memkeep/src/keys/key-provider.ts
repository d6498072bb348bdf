/**
 * The root of all keys: a KMS, a Vault, a PKCS#11 token, or a 0600 file. It wraps the generation key and nothing else, so
 * it is asked a few times an hour. Try a driver with `testKeyProvider`.
 */
export interface KeyProvider {
  /** Stable id of the root key, not secret; it is stored beside what the key wrapped. Read it after a wrap, not before. */
  readonly id: string
  /** Absolute path of the file that the root key is in, when it is in one: the kernel refuses one beside the data. */
  readonly file?: string
  /** Wraps 32 bytes, bound to `context`. Anything thrown but a `MemkeepError` counts as "cannot be reached, try again". */
  wrap(key: Uint8Array, context: Uint8Array): Promise<Uint8Array>
  /**
   * The wrapped bytes in a buffer of the caller's own: the caller zero-fills it. Throws `ERR_SEAL_BROKEN` for altered bytes,
   * another context or another root key. Never makes a key. `id` says which root key wrapped them: one that was destroyed answers
   * `ERR_KEY_DESTROYED`.
   */
  unwrap(wrapped: Uint8Array, context: Uint8Array, id?: string): Promise<Buffer>
  /**
   * Makes another root key and returns its id: it wraps from now on, in every process. The earlier ones still unwrap. Without it (and
   * `destroy`) no erasure destroys keys: copies of the key store then open for as long as they are kept.
   */
  renew?(): Promise<string>
  /**
   * Destroys an earlier root key for good; the answer says when it is gone, for one that takes its time. May be called again.
   * Throws `ERR_INPUT_INVALID` for the one that wraps now.
   */
  destroy?(id: string): Promise<Date>
}
