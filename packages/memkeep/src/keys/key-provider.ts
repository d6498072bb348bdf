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
   * another context or another root key. Never makes a key.
   */
  unwrap(wrapped: Uint8Array, context: Uint8Array): Promise<Buffer>
}
