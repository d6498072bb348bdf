import { MemkeepError } from '../core/errors.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { byteaArray } from '../store/wire-arrays.ts'
import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'
import { refuseBeyond } from './open-entries.ts'
import { expectOutcome } from './outcome.ts'

/** Rows of a shelf as they came from the database. */
export interface SealedPage {
  /** The shelf's version, read before the rows. 0 where there is no such shelf. */
  readonly version: number
  readonly rows: readonly ReadingRow[]
  /** False where there may be more behind them. */
  readonly isLast: boolean
}

/** Rows of one call. */
const rowsAtOnce = 1000

interface Waiting {
  readonly subject: Buffer
  readonly page: PromiseWithResolvers<SealedPage | null>
  readonly taken: PromiseWithResolvers<void>
}

/**
 * The first pages of shelves that a tenant-wide search reads at the same time, in few calls. A call brings no more than so many rows, and the next is made
 * when the shelves that began with it have been read to their ends: that much of one operation is in memory, however many shelves it asks for.
 */
export class PagesTogether {
  readonly #kernel: Kernel
  readonly #access: Access
  readonly #asked: Waiting[] = []
  #isAnswering = false
  #isKnown = true

  constructor(kernel: Kernel, access: Access) {
    this.#kernel = kernel
    this.#access = access
  }

  /**
   * The first page of a shelf. `taken` is to be called when the shelf needs nothing more. Null: the database does not know the call, being of a schema before it;
   * the shelf is to be read by itself. Who asks in one go is answered in that order.
   */
  async of(subject: Buffer): Promise<{ readonly page: SealedPage | null; readonly taken: () => void }> {
    const waiting = { subject, page: Promise.withResolvers<SealedPage | null>(), taken: Promise.withResolvers<void>() }
    this.#asked.push(waiting)
    if (!this.#isAnswering) queueMicrotask(() => void this.#answer())
    this.#isAnswering = true
    return { page: await waiting.page.promise, taken: waiting.taken.resolve }
  }

  async #answer(): Promise<void> {
    while (this.#asked.length > 0) {
      try {
        const pages = await this.#read(this.#asked.map(({ subject }) => subject))
        const answered = this.#asked.splice(0, Math.max(1, pages.length))
        for (const [at, { page }] of answered.entries()) page.resolve(pages[at] ?? null)
        await Promise.all(answered.map(({ taken }) => taken.promise))
      } catch (error) {
        for (const { page } of this.#asked.splice(0)) page.reject(error)
      }
    }
    this.#isAnswering = false
  }

  /** Of the first of these subjects, in their order; none where the database knows no such call. */
  async #read(subjects: readonly Buffer[]): Promise<SealedPage[]> {
    if (!this.#isKnown) return []
    const args = [byteaArray(subjects), rowsAtOnce]
    const rows = await callRead<ReadingRow>(this.#kernel, this.#access, 'load_shelves', args).catch(noDoorway)
    this.#isKnown = rows !== null
    if (rows === null) return []
    expectOutcome(rows.find((row) => row.part === parts.outcome)?.outcome, 'ok')
    const found = rows.filter((row) => row.part === parts.entry)
    for (const row of found) refuseBeyond(this.#access, subjects, row)
    const bySubject = Map.groupBy(found, ({ subject }) => subject.toString('hex'))
    const begun = rows.filter((row) => row.part === parts.shelf)
    return begun.map(({ shelf_version: version }, at) => ({
      version,
      rows: bySubject.get(subjects[at]!.toString('hex')) ?? [],
      isLast: found.length < rowsAtOnce || at < begun.length - 1,
    }))
  }
}

/** While a deployment rolls, the schema may be the one before that of this code. */
function noDoorway(error: unknown): null {
  if (error instanceof MemkeepError && error.code === 'ERR_STORE_VERSION') return null
  throw error
}
