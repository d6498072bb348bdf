import { type Sensitivity, type Trust, trusts } from '../core/labels.ts'
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
  /** What passes at some line: also what was superseded and stands above another. */
  readonly atAnyLine?: boolean
  /** One of these; an empty list lets nothing pass. */
  readonly sensitivity?: readonly Sensitivity[]
  /** What has expired by now never passes. */
  readonly nowMs: number
}

/** `since` and `until` look at when a memory's matter was said or happened (`atMs`), not at when it was stored. */
export function passes(entry: ShelfEntry, filter: Filter): boolean {
  const { kinds, agent, session, sinceMs, untilMs, nowMs } = filter
  if (entry.expiresAtMs !== null && entry.expiresAtMs <= nowMs) return false
  if (kinds && !kinds.includes(entry.kind)) return false
  if (sinceMs !== undefined && entry.atMs < sinceMs) return false
  if (untilMs !== undefined && entry.atMs >= untilMs) return false
  if (agent != null && entry.index.agent !== agent) return false
  if (session != null && entry.index.session !== session) return false
  return passesAnew(entry, entry.index.tags, filter)
}

/** The part of `passes` that an update can change: for a memory that was chosen by its entry and opened later. */
export function passesAnew(
  labels: { readonly trust: Trust; readonly sensitivity: Sensitivity; readonly standsAbove?: Trust },
  tagged: readonly string[],
  { tags, minTrust, atAnyLine, sensitivity }: Filter,
): boolean {
  const { standsAbove } = labels
  if (standsAbove !== undefined && atAnyLine !== true) {
    if (trusts.indexOf(minTrust ?? 'external') <= trusts.indexOf(standsAbove)) return false
  }
  if (minTrust !== undefined && trusts.indexOf(labels.trust) < trusts.indexOf(minTrust)) return false
  if (sensitivity && !sensitivity.includes(labels.sensitivity)) return false
  return !tags || tags.every((tag) => tagged.includes(tag))
}

/** True when an entry that has not expired, and does not stand above a line alone, may fail to pass. */
export function narrows(filter: Filter): boolean {
  const { kinds, tags, agent, session, sinceMs, untilMs, minTrust, sensitivity } = filter
  return [kinds, tags, agent ?? undefined, session ?? undefined, sinceMs, untilMs, minTrust, sensitivity].some(
    (part) => part !== undefined,
  )
}
