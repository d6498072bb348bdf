import { MemkeepError } from '../core/errors.ts'
import { isUuid } from '../core/ids.ts'
import type { Sensitivity } from '../core/labels.ts'
import type { Memory } from '../core/memory.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { type Filter, passesAnew } from '../recall/filter.ts'
import { newestFirst } from '../recall/rank.ts'
import { withAccess } from './access.ts'
import { checkKeys, checkKinds, checkLimit, checkSensitivities, checkTags } from './input.ts'
import type { Kernel } from './kernel.ts'
import { shelvesInReach } from './reach.ts'
import { expectReader, recall } from './recall.ts'
import { noteRecalled } from './recalled.ts'

export interface ListOptions {
  /** Default 50, at most 100. */
  readonly limit?: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
  readonly kinds?: readonly string[]
  /** All of them must be there. */
  readonly tags?: readonly string[]
  /** One of these. What the scope may not read stays out, whatever is asked. */
  readonly sensitivity?: readonly Sensitivity[]
}

export interface Page {
  readonly items: readonly Memory[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

const optionKeys = ['limit', 'cursor', 'kinds', 'tags', 'sensitivity']

/** Memories, newest first. A page that was cut short by a deletion or an update meanwhile still has its cursor. */
export async function list(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<Page> {
  const options = checkKeys<ListOptions>(given, 'list options', optionKeys)
  const limit = checkLimit(options.limit, kernel.limits.results, 50)
  const after = options.cursor === undefined ? null : parseCursor(options.cursor)
  const filter: Filter = {
    nowMs: kernel.seams.clock.now(),
    agent: scope.agent,
    session: scope.session,
    ...(options.kinds === undefined ? {} : { kinds: checkKinds(options.kinds) }),
    ...(options.tags === undefined ? {} : { tags: checkTags(options.tags, kernel.limits) }),
    ...(options.sensitivity === undefined ? {} : { sensitivity: checkSensitivities(options.sensitivity) }),
  }
  return withAccess(kernel, scope, async (access) => {
    await expectReader(kernel, access, 'memory.list')
    const { subjects, names } = await shelvesInReach(kernel, access)
    let nextCursor: string | null = null
    const items = await recall(
      kernel,
      access,
      'memory.list',
      subjects,
      (shelves) => {
        const chosen = newestFirst(shelves, filter, after, limit + 1)
        const page = chosen.slice(0, limit)
        nextCursor = chosen.length > limit ? formatCursor(page.at(-1)!) : null
        return page
      },
      names,
      { filter, query: null },
    )
    const found = items.filter((memory) => passesAnew(memory, memory.tags, filter))
    await noteRecalled(kernel, access, found)
    return { items: found, nextCursor }
  })
}

function formatCursor(entry: { readonly createdAtMs: number; readonly id: string }): string {
  return Buffer.from(`${entry.createdAtMs}/${entry.id}`, 'utf8').toString('base64url')
}

function parseCursor(cursor: unknown): { createdAtMs: number; id: string } {
  const text =
    typeof cursor === 'string' && cursor.length <= 128 ? Buffer.from(cursor, 'base64url').toString('utf8') : ''
  const [, created, id] = /^(\d{1,16})\/(.{36})$/.exec(text) ?? []
  if (created === undefined || !isUuid(id))
    throw new MemkeepError('ERR_INPUT_INVALID', 'cursor is not one that list gave')
  return { createdAtMs: Number(created), id }
}
