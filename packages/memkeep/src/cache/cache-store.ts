/**
 * Where sealed values of the cache lie. It is not believed: what it brings opens only for the scope that it was stored for, and is
 * asked for in the registry. It may forget anything at any time.
 */
export interface CacheStore {
  /** 1 to 64 of `a-z 0-9 -`: it stands in reports. */
  readonly name: string
  /** The bytes under a key of 32 hexadecimal digits, or null. */
  get(key: string): Promise<Uint8Array | null>
  set(key: string, value: Uint8Array, ttlMs: number): Promise<void>
  delete(keys: readonly string[]): Promise<void>
  /** Lets go of connections. */
  close(): Promise<void>
}
