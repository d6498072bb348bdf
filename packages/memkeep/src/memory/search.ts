import type { Sensitivity, Trust } from '../core/labels.ts'
import type { FoundMemory } from '../core/memory.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { checkText } from '../core/text.ts'
import { type Filter, passesAnew } from '../recall/filter.ts'
import type { Weights } from '../recall/preference.ts'
import { type Ranked, rank } from '../recall/rank.ts'
import { renderEvidence } from '../screening/evidence.ts'
import { embedAllowed, withAccess } from './access.ts'
import { checkWeights } from './check-weights.ts'
import { checkedOrDenied } from './denied.ts'
import { noVectors, queryOf, queryVectors } from './index-of.ts'
import {
  checkBoolean,
  checkBound,
  checkDate,
  checkKeys,
  checkKinds,
  checkLimit,
  checkSensitivities,
  checkSignal,
  checkTags,
  checkTrust,
} from './input.ts'
import type { Kernel } from './kernel.ts'
import { noteEnumeration } from './note-enumeration.ts'
import { shelvesInReach } from './reach.ts'
import { expectReader, readingRight, recall } from './recall.ts'
import { noteRecalled } from './recalled.ts'
import { type Found, screenFound } from './screen-found.ts'

export interface SearchOptions {
  /** Default 10, at most 100. */
  readonly limit?: number
  /** A guarantee: nothing below it, nor derived from below it, is returned. */
  readonly minTrust?: Trust
  /** One of these. What the scope may not read stays out, whatever is asked. */
  readonly sensitivity?: readonly Sensitivity[]
  readonly kinds?: readonly string[]
  /** All of them must be there. */
  readonly tags?: readonly string[]
  readonly agent?: string
  readonly session?: string
  /** By `at`: from this moment on. */
  readonly since?: Date
  /** By `at`: before this moment. */
  readonly until?: Date
  /** What counts beside how well a memory answers. Default nothing. */
  readonly weights?: Weights
  /** Return the parts of each score. */
  readonly explain?: boolean
  readonly signal?: AbortSignal
}

export interface SearchResult {
  readonly memories: readonly FoundMemory[]
  /** The memories as text for a prompt. */
  readonly evidence: string
}

const optionKeys = [
  'limit',
  'minTrust',
  'sensitivity',
  'kinds',
  'tags',
  'agent',
  'session',
  'since',
  'until',
  'weights',
  'explain',
  'signal',
]

/** embed the query → shelves → rank → doorway → open. */
export async function search(kernel: Kernel, scope: ScopeClaims, text: unknown, given: unknown): Promise<SearchResult> {
  const { options, query, limit, filter, isExplained, weights } = await checkedOrDenied(
    kernel,
    scope,
    () => checkSearch(kernel, scope, text, given),
    (access) => expectReader(kernel, access, 'memory.search'),
  )
  checkSignal(options.signal)
  const embed = () => queryVectors(kernel, query, options.signal)
  let vectors = await embedAllowed(kernel, scope, readingRight(scope), embed)
  return withAccess(kernel, scope, async (access) => {
    await expectReader(kernel, access, 'memory.search')
    // Null: the policy that said no was not the standing one.
    vectors ??= await embed()
    const made = vectors[0] ?? noVectors
    const asked = queryOf(kernel, query, made.own, made)
    const { subjects, names } = await shelvesInReach(kernel, access)
    let ranked: Ranked[] = []
    let readable = 0
    const memories = await recall(
      kernel,
      access,
      'memory.search',
      subjects,
      (shelves) => {
        checkSignal(options.signal)
        readable = shelves.reduce((sum, { size }) => sum + size, 0)
        ranked = rank(shelves, asked, filter, limit, weights)
        return ranked.map(({ entry }) => entry)
      },
      names,
      { filter, query: asked },
      options.signal,
    )
    checkSignal(options.signal)
    const scores = new Map(ranked.map((item) => [item.entry.id, item]))
    const found = memories
      .filter((memory) => passesAnew(memory, memory.tags, filter))
      .map((memory): Found => {
        const { score, parts, entry } = scores.get(memory.id)!
        const explained = isExplained ? { explain: parts } : {}
        return { memory: { ...memory, score, ...explained }, shelf: entry.subjectTag }
      })
    const shown = await screenFound(kernel, access, found, options.signal)
    await noteRecalled(kernel, access, shown)
    await noteEnumeration(
      kernel,
      access,
      shown.map(({ id }) => id),
      readable,
    )
    return { memories: shown, evidence: renderEvidence(shown) }
  })
}

function checkSearch(kernel: Kernel, scope: ScopeClaims, text: unknown, given: unknown) {
  const options = checkKeys<SearchOptions>(given, 'search options', optionKeys)
  return {
    options,
    query: checkText(text, 'query', kernel.limits.queryBytes),
    limit: checkLimit(options.limit, kernel.limits.results, 10),
    filter: checkFilter(kernel, scope, options),
    isExplained: options.explain === undefined ? false : checkBoolean(options.explain, 'explain'),
    weights: options.weights === undefined ? {} : checkWeights(options.weights),
  }
}

/** A scope that names an agent or a session narrows every read to exactly it; options can only narrow further. */
function checkFilter(kernel: Kernel, scope: ScopeClaims, options: Partial<SearchOptions>): Filter {
  return {
    nowMs: kernel.seams.clock.now(),
    agent: checkBound(options.agent, scope.agent, 'agent'),
    session: checkBound(options.session, scope.session, 'session'),
    ...(options.kinds === undefined ? {} : { kinds: checkKinds(options.kinds) }),
    ...(options.tags === undefined ? {} : { tags: checkTags(options.tags, kernel.limits) }),
    ...(options.minTrust === undefined ? {} : { minTrust: checkTrust(options.minTrust) }),
    ...(options.sensitivity === undefined ? {} : { sensitivity: checkSensitivities(options.sensitivity) }),
    ...(options.since === undefined ? {} : { sinceMs: checkDate(options.since, 'since') }),
    ...(options.until === undefined ? {} : { untilMs: checkDate(options.until, 'until') }),
  }
}
