import type { Clock } from '../core/clock.ts'
import type { Shelf } from './shelf.ts'

interface Held {
  readonly shelf: Shelf
  /** What the shelf was last seen to take: it grows while it is held. */
  bytes: number
  usedAtMs: number
}

/** Look-ups that found a shelf and that did not, loads begun, and what is held now. `bytes` as of each shelf's last use. */
export interface CacheStats {
  readonly hits: number
  readonly misses: number
  readonly loads: number
  readonly bytes: number
  readonly evictions: number
  readonly shelves: number
}

/**
 * Opened shelves, least recently used first out: when they take more than `budgetBytes` together, or were not used for
 * `maxIdleMs`. A shelf larger than the whole budget is not kept. There is no timer inside: whoever holds the cache calls
 * `dropIdle` now and then, or an idle shelf stays until the next use of the cache.
 */
export class ShelfCache<Key extends string> {
  readonly #budgetBytes: number
  readonly #maxIdleMs: number
  readonly #clock: Clock
  /** Least recently used first: a Map keeps the order of insertion. */
  readonly #held = new Map<Key, Held>()
  readonly #loading = new Map<Key, Promise<Shelf>>()
  #hits = 0
  #misses = 0
  #loads = 0
  #bytes = 0
  #evictions = 0

  constructor(options: { budgetBytes: number; maxIdleMs: number; clock: Clock }) {
    this.#budgetBytes = options.budgetBytes
    this.#maxIdleMs = options.maxIdleMs
    this.#clock = options.clock
  }

  /** The held shelf, which counts as used. The caller may change it; the change in size is seen at the next use. */
  get(key: Key): Shelf | undefined {
    this.dropIdle()
    const held = this.#held.get(key)
    if (!held) {
      this.#misses++
      return undefined
    }
    this.#hits++
    this.#hold(key, held.shelf)
    return held.shelf
  }

  /** Holds a shelf in the place of the one with that key. A load of that key that is under way is no longer kept. */
  put(key: Key, shelf: Shelf): void {
    this.#loading.delete(key)
    this.dropIdle()
    this.#hold(key, shelf)
  }

  /**
   * The held shelf, or the one that `read` answers, which is then held. Callers that come while a load is under way
   * share it, and its failure: `read` must not depend on one caller's signal. A failure is not remembered. When the key is
   * dropped during the load, those who wait get the shelf, and it is not kept.
   */
  async load(key: Key, read: () => Promise<Shelf>): Promise<Shelf> {
    const held = this.get(key)
    if (held) return held
    const under = this.#loading.get(key)
    if (under) return under
    this.#loads++
    const loading = (async () => read())()
    this.#loading.set(key, loading)
    try {
      const shelf = await loading
      if (this.#loading.get(key) === loading) this.put(key, shelf)
      return shelf
    } finally {
      if (this.#loading.get(key) === loading) this.#loading.delete(key)
    }
  }

  /**
   * Forgets every key that starts with `prefix`, also where the load is still under way. Not counted as evictions. Keys
   * must be built so that no tenant's prefix begins another's (tags of one length do).
   */
  drop(prefix: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(prefix)) this.#release(key)
    for (const key of this.#loading.keys()) if (key.startsWith(prefix)) this.#loading.delete(key)
  }

  clear(): void {
    this.drop('')
  }

  /** Lets go of every shelf that was not used for `maxIdleMs`. */
  dropIdle(): void {
    const before = this.#clock.now() - this.#maxIdleMs
    for (const [key, held] of this.#held) {
      if (held.usedAtMs > before) return
      this.#release(key)
      this.#evictions++
    }
  }

  get stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      loads: this.#loads,
      bytes: this.#bytes,
      evictions: this.#evictions,
      shelves: this.#held.size,
    }
  }

  #hold(key: Key, shelf: Shelf): void {
    const before = this.#release(key)
    const { bytes } = shelf
    if (bytes > this.#budgetBytes) {
      if (before) this.#evictions++
      return
    }
    this.#held.set(key, { shelf, bytes, usedAtMs: this.#clock.now() })
    this.#bytes += bytes
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#budgetBytes) return
      this.#release(oldest)
      this.#evictions++
    }
  }

  #release(key: Key): Held | undefined {
    const held = this.#held.get(key)
    if (!held) return undefined
    this.#bytes -= held.bytes
    this.#held.delete(key)
    return held
  }
}
