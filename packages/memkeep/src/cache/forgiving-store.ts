import type { CacheStore } from './cache-store.ts'

/** A store whose failure is never the caller's: what it cannot bring is not there, and what it cannot take is not kept. */
export class ForgivingStore {
  readonly name: string
  readonly #store: CacheStore

  constructor(store: CacheStore) {
    this.name = store.name
    this.#store = store
  }

  async get(key: string): Promise<Uint8Array | null> {
    try {
      return await this.#store.get(key)
    } catch {
      return null
    }
  }

  /** False when it was not taken. */
  async set(key: string, value: Uint8Array, ttlMs: number): Promise<boolean> {
    return succeeds(() => this.#store.set(key, value, ttlMs))
  }

  /** False when they may still be there: nothing reads them. */
  async delete(keys: readonly string[]): Promise<boolean> {
    return succeeds(() => this.#store.delete(keys))
  }
}

async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch {
    return false
  }
}
