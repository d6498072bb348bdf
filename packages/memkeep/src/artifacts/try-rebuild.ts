import { MemkeepError } from '../core/errors.ts'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../core/labels.ts'
import { checkText } from '../core/text.ts'
import type { RebuildEnd } from './due-rebuild.ts'
import type { Rebuilder, RebuildSource } from './rebuilder.ts'
import { pauseAfter } from './retries.ts'

/** What is to be made anew, and by whom. */
export interface Try {
  readonly hidden: {
    readonly id: string
    readonly kind: string
    readonly attempts: number
    readonly sensitivity: number
  }
  readonly rebuilder: Rebuilder
  readonly shared: boolean
  /** Null when there is nothing to rebuild any more. */
  readonly sources: () => Promise<RebuildSource[] | null>
  readonly contentBytes: number
  readonly nowMs: () => number
}

/** How one try is settled. `state`: 0 with new content, 1 tried again at `dueMs`, 2 no more tries, 3 there is nothing left to say. */
export interface Tried {
  readonly state: 0 | 1 | 2 | 3
  readonly labels?: { readonly sensitivity: Sensitivity; readonly trust: Trust }
  readonly content?: string
  readonly dueMs?: number
  readonly failure?: string
}

/** What each state is called when it was settled. */
export const rebuildEnds: readonly RebuildEnd[] = Object.freeze(['rebuilt', 'failed', 'dead', 'dropped'] as const)

/** The longest that a rebuilder may take. */
const rebuildMs = 300_000

/**
 * Has a rebuilder make anew what lost a source, from the sources that are left; no transaction is open meanwhile. Null when there is nothing
 * to do any more. A failure of the rebuilder is how it ended, and never thrown; throws when the database cannot be reached.
 */
export async function tryRebuild({ hidden, rebuilder, shared, sources, ...input }: Try): Promise<Tried | null> {
  const { id, kind, attempts: attempt } = hidden
  try {
    const left = await sources()
    if (left === null) return null
    if (left.length === 0) return { state: 3 }
    const made = await within(rebuildMs, (signal) => rebuilder({ id, kind, shared, sources: left, attempt }, signal))
    if (made === null) return { state: 3 }
    const content = checkText(made, 'what a rebuilder made', input.contentBytes)
    return { state: 0, content, labels: labelsOf(hidden.sensitivity, left) }
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_STORE_UNAVAILABLE') throw error
    return failedTry(error, attempt, input.nowMs())
  }
}

/** How a try ends that failed. */
export function failedTry(error: unknown, attempt: number, nowMs: number): Tried {
  const failure = failureOf(error)
  const pauseMs = pauseAfter(attempt)
  return pauseMs === null ? { state: 2, failure } : { state: 1, failure, dueMs: nowMs + pauseMs }
}

/** Settles a try. When no key can be had for what it made, that is a failed try too: nothing else would ever count it. */
export async function settleTry<T>(
  { attempts }: Try['hidden'],
  nowMs: () => number,
  tried: Tried,
  settle: (tried: Tried) => Promise<T>,
): Promise<{ readonly tried: Tried; readonly answer: T }> {
  try {
    return { tried, answer: await settle(tried) }
  } catch (error) {
    const code = error instanceof MemkeepError ? error.code : null
    if (tried.content === undefined || (code !== 'ERR_KEY_DESTROYED' && code !== 'ERR_KEY_UNAVAILABLE')) throw error
    const failed = failedTry(error, attempts, nowMs())
    return { tried: failed, answer: await settle(failed) }
  }
}

/** Oldest first. */
export function inOrder(sources: readonly RebuildSource[]): RebuildSource[] {
  return [...sources].sort((a, b) => a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : 1))
}

async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
  return Promise.race([work(signal), late])
}

/** A code or a name: never the words of an error, which may quote a memory. */
function failureOf(error: unknown): string {
  if (error instanceof MemkeepError) return error.code
  return error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'unexpected'
}

/** As trusted as the least of the sources, as sensitive as the most; never less sensitive than it was. */
function labelsOf(was: number, sources: readonly RebuildSource[]) {
  const sensitivity = Math.max(was, ...sources.map((source) => sensitivities.indexOf(source.sensitivity)))
  const trust = Math.min(trusts.indexOf('agent'), ...sources.map((source) => trusts.indexOf(source.trust)))
  return { sensitivity: sensitivities[sensitivity]!, trust: trusts[trust]! }
}
