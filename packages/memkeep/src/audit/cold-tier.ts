/**
 * Where reads go that were kept long enough: files of the form that `proof/cold-file.ts` describes, compressed with zstd. Names
 * are relative, of `[0-9a-f/-]` and an ending: `<tenant's tag>/<line>-<first leaf>-<leaf after the last>.ndjson.zst`.
 */
export interface ColdTier {
  /** For messages: a path or an address. */
  readonly name: string
  /** The directory it writes to, when it is one on this machine. */
  readonly dir?: string
  /** Stores the whole of it, for good once it resolves; what stood under the name is replaced at once. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** What was stored, read anew; null when nothing was. */
  get(name: string): Promise<Uint8Array | null>
}
