import { MemkeepError } from '../core/errors.ts'
import type { Sensitivity, Trust } from '../core/labels.ts'

/** One of the memories or artifacts that are left to rebuild an artifact from. */
export interface RebuildSource {
  readonly id: string
  /** Of a memory; that of an artifact is its own kind. */
  readonly kind: string
  readonly content: string
  readonly trust: Trust
  readonly sensitivity: Sensitivity
  /** When what it tells of happened; of an artifact, when it was last made. */
  readonly at: Date
}

export interface RebuildJob {
  readonly id: string
  readonly kind: string
  readonly shared: boolean
  /** Oldest first. What it was made of before and has gone is not among them. */
  readonly sources: readonly RebuildSource[]
  /** Which try this is, from 1. */
  readonly attempt: number
}

/**
 * Makes artifacts of one kind anew from what is left of their sources: a summariser, mostly. Gives the new content, or null when
 * there is nothing left to say. A failure is tried again later; what it throws is not kept, only its code.
 */
export type Rebuilder = (job: RebuildJob, signal: AbortSignal) => Promise<string | null>

/** Rebuilders by the kind of artifact. */
export type Rebuilders = Readonly<Record<string, Rebuilder>>

/** A frozen copy. Throws `ERR_INPUT_INVALID` for what is no kind, or no function. */
export function checkRebuilders(given: Rebuilders = {}): Rebuilders {
  for (const [kind, rebuilder] of Object.entries(given)) {
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(kind) || typeof rebuilder !== 'function') {
      throw new MemkeepError('ERR_INPUT_INVALID', 'rebuilders are functions by the kind of artifact')
    }
  }
  return Object.freeze({ ...given })
}
