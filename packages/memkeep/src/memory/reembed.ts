import { MemkeepError } from '../core/errors.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { withAccess } from './access.ts'
import { noteDenied } from './denied.ts'
import { probe } from './embed-each.ts'
import { checkKeys, checkSignal } from './input.ts'
import type { Kernel } from './kernel.ts'
import { shelvesInReach } from './reach.ts'
import { reembedShelf, refuseTheUnfit, type Tally } from './reembed-shelf.ts'

export interface ReembedProgress {
  /** Shelves that are done, and all. */
  readonly shelves: number
  readonly ofShelves: number
  /** Entries looked at so far. */
  readonly entries: number
  /** Of those, written anew. */
  readonly reembedded: number
}

export interface ReembedOptions {
  /**
   * Take away the vectors of the former model. For when no process searches with it any more: one that does throws
   * `ERR_EMBEDDER_MISMATCH` then. Default: they stay beside the new ones.
   */
  readonly dropFormer?: boolean
  readonly onProgress?: (progress: ReembedProgress) => void
  /** What was done until then stays done. */
  readonly signal?: AbortSignal
}

export interface ReembedReport {
  readonly shelves: number
  /** Entries looked at. */
  readonly entries: number
  /** Of those, written anew; all others had what they need, or are told of below. */
  readonly reembedded: number
  /** Changed or removed while this ran: whoever wrote them embedded them. */
  readonly left: number
  /** Ids of memories whose entry or content does not open: nothing can be done for them. */
  readonly broken: readonly string[]
  /** Ids of memories whose text the embedder refuses, whenever it is asked: they are found by their words. */
  readonly refused: readonly string[]
  /** Shelves that were left out because the subject's name does not open. */
  readonly unnamed: number
}

/** Brings the index entries of shelves to the kernel's model and languages, batch by batch. Each batch is one commit. */
export async function reembed(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<ReembedReport> {
  const names = ['dropFormer', 'onProgress', 'signal']
  const { dropFormer = false, onProgress, signal } = checkKeys<ReembedOptions>(given, 'reembed options', names)
  checkSignal(signal)
  if (kernel.embedder === null && !kernel.languages) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'this keep has neither an embedder nor languages')
  }
  if (scope.agent !== null || scope.session !== null) {
    await noteDenied(kernel, scope, (access) => refuseTheUnfit(kernel, access))
    throw new MemkeepError('ERR_ACCESS_DENIED', 'a scope of one agent or session cannot embed a shelf anew')
  }
  // Asked before anything else: an embedder that is down changes nothing, and its dimension is known from here on.
  const dims = await probe(kernel, signal)
  const { scopes, unnamed } = await scopesOf(kernel, scope)
  let total: Omit<Tally, 'elsewhere'> = { entries: 0, reembedded: 0, left: 0, broken: [], refused: [] }
  let shelves = 0
  const tell = ({ entries, reembedded }: Omit<Tally, 'elsewhere'>) =>
    onProgress?.({ shelves, ofShelves: scopes.length, entries, reembedded })
  for (const each of scopes) {
    const before = total
    const done = await reembedShelf(kernel, each, {
      ...{ dims, dropFormer, signal },
      tell: (soFar) => tell(sum(before, soFar)),
    })
    total = sum(before, done)
    shelves++
    tell(total)
  }
  return { shelves, ...total, unnamed }
}

function sum(a: Omit<Tally, 'elsewhere'>, b: Omit<Tally, 'elsewhere'>): Omit<Tally, 'elsewhere'> {
  return {
    entries: a.entries + b.entries,
    reembedded: a.reembedded + b.reembedded,
    left: a.left + b.left,
    broken: [...a.broken, ...b.broken],
    refused: [...a.refused, ...b.refused],
  }
}

/** A tenant-wide scope reads; each shelf is written under the same principal's claims for that shelf alone. */
async function scopesOf(kernel: Kernel, scope: ScopeClaims): Promise<{ scopes: ScopeClaims[]; unnamed: number }> {
  if (scope.reach !== 'all') return { scopes: [scope], unnamed: 0 }
  return withAccess(kernel, scope, async (access) => {
    const { subjects, names } = await shelvesInReach(kernel, access)
    const scopes = subjects.flatMap((tag): ScopeClaims[] => {
      if (tag.equals(access.keys.commonTag)) return [{ ...scope, reach: 'common' }]
      const subject = names(tag)
      return subject === null ? [] : [{ ...scope, reach: 'subject', subject }]
    })
    return { scopes, unnamed: subjects.length - scopes.length }
  })
}
