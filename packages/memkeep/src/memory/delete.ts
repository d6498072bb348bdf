import { MemkeepError } from '../core/errors.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { checkId } from '../core/text.ts'
import { type Filter, passes } from '../recall/filter.ts'
import { type Access, readDetail, withAccess, writeDetail } from './access.ts'
import { checkedOrDenied } from './denied.ts'
import { checkBound, checkKeys, checkKinds, checkTags, lookupId } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { currentShelves } from './recall.ts'
import { noteWrite } from './shelves.ts'
import { callWrite } from './write.ts'

/** Which memories to delete: all that match, or all in sight. One of the two must be said. */
export type DeleteFilter =
  | {
      readonly session?: string
      readonly tags?: readonly string[]
      readonly kinds?: readonly string[]
      readonly all?: never
    }
  | { readonly all: true }

/** Deletes one memory with every version. False when there was none in sight. */
export async function deleteOne(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<boolean> {
  const id = lookupId(given)
  return withAccess(kernel, scope, async (access) => {
    const bound = scope.agent !== null || scope.session !== null
    if (bound) return (await forgetMatching(kernel, access, boundFilter(kernel, scope), id)) === 1
    return (await forget(kernel, access, [id], false, null)).includes(id)
  })
}

/** Deletes memories of the scope's own shelf. Does not bar the subject: what is added afterwards stays. */
export async function deleteMany(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<{ deleted: number }> {
  const { filter, everything } = await checkedOrDenied(
    kernel,
    scope,
    () => checkFilter(kernel, scope, given),
    (access) => forget(kernel, access, [], false, null),
  )
  return withAccess(kernel, scope, async (access) => {
    if (everything) return { deleted: (await forget(kernel, access, [], true, null)).length }
    return { deleted: await forgetMatching(kernel, access, filter, null) }
  })
}

function checkFilter(kernel: Kernel, scope: ScopeClaims, given: unknown): { filter: Filter; everything: boolean } {
  const asked = checkKeys<{ session: string; tags: string[]; kinds: string[]; all: true }>(given, 'a filter', [
    'session',
    'tags',
    'kinds',
    'all',
  ])
  const { session, tags, kinds, all } = asked
  const narrows = session !== undefined || tags !== undefined || kinds !== undefined
  if (all !== undefined ? all !== true || narrows : !narrows) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'say which memories: session, tags or kinds, or { all: true }')
  }
  if (tags?.length === 0 || kinds?.length === 0)
    throw new MemkeepError('ERR_INPUT_INVALID', 'an empty list matches nothing')
  if (session !== undefined) checkId(session, 'session', 'ERR_INPUT_INVALID')
  const filter: Filter = {
    ...boundFilter(kernel, scope),
    session: checkBound(session, scope.session, 'session'),
    ...(tags === undefined ? {} : { tags: checkTags(tags, kernel.limits) }),
    ...(kinds === undefined ? {} : { kinds: checkKinds(kinds) }),
  }
  return { filter, everything: all === true && scope.agent === null && scope.session === null }
}

function boundFilter(kernel: Kernel, scope: ScopeClaims): Filter {
  return { nowMs: kernel.seams.clock.now(), agent: scope.agent, session: scope.session, atAnyLine: true }
}

/** Chooses on the current shelf and deletes at exactly that version; chooses anew when somebody wrote in between. */
async function forgetMatching(kernel: Kernel, access: Access, filter: Filter, only: string | null): Promise<number> {
  for (let attempt = 1; attempt <= 10; attempt++) {
    const interest = { filter, query: null }
    const { shelves, version } = await currentShelves(kernel, access, [access.shelf], interest)
    const ids: string[] = []
    for (const shelf of shelves) {
      for (const entry of shelf.entries()) {
        if ((only === null || entry.id === only) && passes(entry, filter)) ids.push(entry.id)
      }
    }
    if (ids.length === 0) return 0
    const gone = await forget(kernel, access, ids, false, version)
    // With a memory goes what it superseded, which nobody asked for.
    const asked = new Set(ids)
    if (gone.length > 0) return gone.filter((id) => asked.has(id)).length
  }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the shelf changes faster than it can be read', { retryable: true })
}

/** One call of the doorway `forget`. Empty when nothing was deleted, also when the shelf had moved past `version`. */
async function forget(
  kernel: Kernel,
  access: Access,
  ids: readonly string[],
  all: boolean,
  version: number | null,
): Promise<readonly string[]> {
  // Somebody who never said anything has no key, and gets none by being asked to be forgotten.
  const key = await access.keys.forReading(access.shelf)
  const nowMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(nowMs)
  const detail = key === null ? await readDetail(access, event) : writeDetail(access, key, event)
  const answer = await callWrite(kernel, access, key, {
    doorway: 'forget',
    event,
    atMs: nowMs,
    args: [ids, all, version, detail],
  })
  if (expectOutcome(answer.outcome, 'ok', 'stale') === 'stale') return []
  if (answer.ids.length > 0) {
    noteWrite(kernel, access, answer, (shelf) => {
      for (const id of answer.ids) shelf.remove(id)
    })
  }
  return answer.ids
}
