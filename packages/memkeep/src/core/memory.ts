import type { Actor, Sensitivity, Trust } from './labels.ts'

/** A value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** What the screen thought of a memory. */
export type Verdict = 'allow' | 'flag' | 'quarantine' | 'refuse'

/** One version of a memory, opened. Times are UTC. */
export interface Memory {
  readonly id: string
  /** 1 for the first; each update makes the next. */
  readonly version: number
  readonly content: string
  readonly actor: Actor
  /** As it stands: it may be lower than when this version was stored, never higher. */
  readonly trust: Trust
  readonly sensitivity: Sensitivity
  readonly kind: string
  readonly tags: readonly string[]
  readonly metadata: { readonly [key: string]: Json }
  /** Where it came from, in the caller's words; null when not given. */
  readonly source: string | null
  readonly derivedFrom: readonly string[]
  /** The memory that it took the place of; null for most. */
  readonly supersedes: string | null
  readonly agent: string | null
  readonly session: string | null
  /** Name of the speaker of a turn; null otherwise. */
  readonly speaker: string | null
  /** Name of the tool that said it; null otherwise. */
  readonly tool: string | null
  /** From 0 to 1; null where nobody said. */
  readonly importance: number | null
  /** When what it tells of happened or was said. */
  readonly at: Date
  /** When the first version was stored. */
  readonly createdAt: Date
  /** When this version was stored. */
  readonly updatedAt: Date
  readonly expiresAt: Date | null
  /** Rules that the screen met in it when it was stored; empty for most. */
  readonly flags: readonly string[]
  /** True for a memory of the tenant as a whole. */
  readonly common: boolean
  /** The subject it is about; set only in answers to a tenant-wide scope, null for common memories and elsewhere. */
  readonly subject: string | null
  /** Set on one that was superseded by what is trusted less by now: the line above which alone a search finds it. Absent otherwise. */
  readonly standsAbove?: Trust
}

/** A memory that a search found. */
export interface FoundMemory extends Memory {
  /** Higher is better; comparable within one answer only. */
  readonly score: number
  /** The parts of the score, when `explain` was asked for. */
  readonly explain?: { readonly [part: string]: number }
}

/**
 * What `add` answers. `durableUntil` is null when the memory stays until it is deleted; a date for an episode, and for one that expires.
 * With `queued` the memory is stored as well, and found by its words; its vector waits for `reembed`. With `quarantined` it is not a memory:
 * somebody must release it first (`memory.quarantine`).
 */
export interface StoredReceipt {
  readonly outcome: 'stored' | 'queued' | 'quarantined'
  readonly id: string
  readonly version: number
  readonly trust: Trust
  readonly durableUntil: Date | null
  readonly verdict: Verdict
  /** There when the same statement stands already: `id` is its id, and nothing was stored. */
  readonly duplicate?: true
  /** The memory that left recall for it. Absent also where one was named and this does not stay for good: then both stand. */
  readonly supersedes?: string
}
