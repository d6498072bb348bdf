import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import { MemkeepError } from '../core/errors.ts'
import type { CacheStore } from './cache-store.ts'

interface Entry {
  readonly value: Uint8Array
  readonly untilMs: number
}

/** What an entry takes beside its value. */
const entryBytes = 200

/** A cache in this process's memory, of at most `maxBytes` (default 16 MiB): what was used longest ago makes room. */
export function inProcessCache({
  maxBytes = 16 * 1024 * 1024,
  clock = systemClock,
}: InProcessCacheInput = {}): CacheStore {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'maxBytes must be a whole number from 1')
  }
  /** In the order of their use. */
  const entries = new Map<string, Entry>()
  let bytes = 0

  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    bytes -= entry.value.length + entryBytes
    entries.delete(key)
  }

  return {
    name: 'in-process',
    async get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return null
      entries.delete(key)
      entries.set(key, entry)
      if (entry.untilMs > clock.now()) return entry.value
      remove(key)
      return null
    },
    async set(key, value, ttlMs) {
      remove(key)
      const size = value.length + entryBytes
      if (size > maxBytes) return
      for (const oldest of entries.keys()) {
        if (bytes + size <= maxBytes) break
        remove(oldest)
      }
      entries.set(key, { value, untilMs: clock.now() + ttlMs })
      bytes += size
    },
    async delete(keys) {
      for (const key of keys) remove(key)
    },
    async close() {
      entries.clear()
      bytes = 0
    },
  }
}

export interface InProcessCacheInput {
  readonly maxBytes?: number
  readonly clock?: Clock
}
