import type { ShelfEntry } from '../recall/shelf.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'
import { openEntries, refuseBeyond } from './open-entries.ts'
import { expectOutcome } from './outcome.ts'
import type { PagesTogether, SealedPage } from './pages-together.ts'

export interface ShelfPage {
  /** The shelf's version when its first page was read. 0 where there is no such shelf. */
  readonly version: number
  readonly entries: readonly ShelfEntry[]
  readonly broken: readonly string[]
  /** The key of one of these is gone. */
  readonly keyGone: boolean
  /** Ids of this page's rows that were written after that version: what an earlier page had of them is out of date. */
  readonly late: readonly string[]
}

/**
 * What is read of a shelf that is written to meanwhile. `asItWas`: as of the first page, without the rows that moved, which
 * the next delta brings. `toTheEnd`: every row that stands there, for whoever gets no delta; a row that moved
 * comes again, and its last state counts. What is deleted meanwhile may be there or not.
 */
export type Reading = 'asItWas' | 'toTheEnd'

/** Sealed bytes that a page should have. Its number of rows follows from the page before. */
const pageBytes = 1 << 20
const [firstRows, fewestRows, mostRows] = [500, 50, 5000]

/**
 * A shelf's entries page by page: the next one is on its way while one is opened, so two are in memory at most. Entries that do not open are left out (`openEntries`); when not one opens because the key
 * of a subject's own shelf is gone, it throws `ERR_KEY_DESTROYED`. With `together` the first page comes in one call with those of other shelves.
 */
export async function* shelfPages(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  reading: Reading,
  together: PagesTogether | null = null,
): AsyncGenerator<ShelfPage> {
  let since: number | null = null
  let opened = 0
  let keyGone: unknown = null
  for await (const page of sealedPages(kernel, access, subject, together)) {
    for (const row of page.rows) refuseBeyond(access, [subject], row)
    // Rows come in the order of their versions, and one that is written gets the highest: it is met further on.
    const version: number = since ?? page.version
    since = version
    const late = page.rows.filter((row) => row.shelf_version > version).map(({ id }) => id)
    const isLast = reading === 'asItWas' && late.length > 0
    const rows = isLast ? page.rows.filter((row) => row.shelf_version <= version) : page.rows
    const keys = await (access.openKeys?.() ?? kernel.keyring.tenant(access.scope.tenant))
    const found = await openEntries(kernel, { ...access, keys }, subject, rows)
    opened += found.entries.length
    keyGone ??= found.keyGone
    yield {
      version,
      entries: found.entries,
      broken: found.broken,
      keyGone: found.keyGone !== null,
      late: isLast ? [] : late,
    }
    if (isLast) break
  }
  if (opened === 0 && keyGone !== null && access.scope.reach !== 'all') throw keyGone
}

async function* sealedPages(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  together: PagesTogether | null,
): AsyncGenerator<SealedPage> {
  const first = await together?.of(subject)
  try {
    yield* pagesFrom(kernel, access, subject, first?.page ?? null)
  } finally {
    first?.taken()
  }
}

/** The pages of a shelf, the first among them if it is there already. */
async function* pagesFrom(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  first: SealedPage | null,
): AsyncGenerator<SealedPage> {
  const doorway = access.scope.reach === 'all' ? 'wide_load' : 'load'
  const read = async (after: { version: number; id: string }, limit: number): Promise<SealedPage> => {
    const rows = await callRead<ReadingRow>(kernel, access, doorway, [subject, after.version, after.id, limit])
    const answer = rows.find((row) => row.part === parts.outcome)
    expectOutcome(answer?.outcome, 'ok')
    const entries = rows.filter((row) => row.part === parts.entry)
    return { version: answer!.shelf_version, rows: entries, isLast: entries.length < limit }
  }
  let limit = firstRows
  let coming =
    first === null ? read({ version: -1, id: '00000000-0000-0000-0000-000000000000' }, limit) : Promise.resolve(first)
  for (;;) {
    const page = await coming
    const last = page.rows.at(-1)
    if (last === undefined || page.isLast) {
      yield page
      return
    }
    const bytes = page.rows.reduce((sum, row) => sum + row.entry.length, 0)
    limit = Math.min(mostRows, Math.max(fewestRows, Math.floor((pageBytes * page.rows.length) / bytes)))
    coming = read({ version: last.shelf_version, id: last.id }, limit)
    // Whoever stops reading does not wait for it.
    coming.catch(() => {})
    yield page
  }
}
