import { type Trust, trusts } from '../core/labels.ts'
import type { ShelfEntry } from './shelf.ts'

/** Which entries an answer may hold. What is absent or null does not restrict. Times in milliseconds since the Unix epoch. */
export interface Filter {
  /** One of these; an empty list lets nothing pass. */
  readonly kinds?: readonly string[]
  /** All of these. */
  readonly tags?: readonly string[]
  readonly agent?: string | null
  readonly session?: string | null
  /** Told of this moment or a later one. */
  readonly sinceMs?: number
  /** Told of a moment before this one. */
  readonly untilMs?: number
  readonly minTrust?: Trust
  /** What has expired by now never passes. */
  readonly nowMs: number
}

/** `since` and `until` look at when a memory's matter was said or happened (`atMs`), not at when it was stored. */
export function passes(entry: ShelfEntry, filter: Filter): boolean {
  const { kinds, tags, agent, session, sinceMs, untilMs, minTrust, nowMs } = filter
  if (entry.expiresAtMs !== null && entry.expiresAtMs <= nowMs) return false
  if (kinds && !kinds.includes(entry.kind)) return false
  if (sinceMs !== undefined && entry.atMs < sinceMs) return false
  if (untilMs !== undefined && entry.atMs >= untilMs) return false
  if (minTrust !== undefined && trusts.indexOf(entry.trust) < trusts.indexOf(minTrust)) return false
  if (agent != null && entry.index.agent !== agent) return false
  if (session != null && entry.index.session !== session) return false
  return !tags || tags.every((tag) => entry.index.tags.includes(tag))
}

/** True when an entry that has not expired may fail to pass. */
export function narrows(filter: Filter): boolean {
  const { kinds, tags, agent, session, sinceMs, untilMs, minTrust } = filter
  return [kinds, tags, agent ?? undefined, session ?? undefined, sinceMs, untilMs, minTrust].some(
    (part) => part !== undefined,
  )
}
