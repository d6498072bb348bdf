import { MemkeepError } from '../core/errors.ts'
import { dueShelves, shelvesAtOnce, type WaitingRow, type WaitingShelf } from './due-shelves.ts'
import type { LogCaller } from './log-call.ts'

/** What embeds; the keep brings it. */
export interface Filling {
  /** Embeds what waits on one shelf. `isDone`: nothing of it waits any more. */
  readonly embed: (
    waiting: WaitingShelf,
  ) => Promise<{ readonly embedded: number; readonly refused: number; readonly isDone: boolean }>
  /** Asks the embedder for the vector of a harmless text. Throws when it gives none. */
  readonly probe: () => Promise<unknown>
}

/** What one pass did, in memories. */
export interface Filled {
  readonly embedded: number
  readonly refused: number
}

type Place = Pick<WaitingRow, 'tenant' | 'subject'>

const start: Place = { tenant: Buffer.alloc(0), subject: Buffer.alloc(0) }

/** Shelves that fail in one pass, beside which the embedder answers: each may take its retries and timeouts. */
const mostFailures = 16

/**
 * The shelves of all tenants that wait for vectors. A pass asks for each once and begins behind the shelf that ended the
 * one before: what one tenant stored keeps nobody else waiting for more than some passes.
 */
export class VectorQueue {
  readonly #caller: LogCaller
  readonly #filling: Filling
  #from = start
  #waiting: number | null = null

  constructor(caller: LogCaller, filling: Filling) {
    this.#caller = caller
    this.#filling = filling
  }

  /** Shelves that waited when the last pass was through; null before the first. */
  get waiting(): number | null {
    return this.#waiting
  }

  /** One pass. It ends early when the embedder is down, and goes on where a shelf alone fails. */
  async pass(failures: unknown[]): Promise<Filled> {
    const total = { embedded: 0, refused: 0 }
    let [waiting, failed, isOver] = [0, 0, false]
    for await (const row of this.#rows()) {
      waiting++
      if (isOver) continue
      try {
        const { embedded, refused, isDone } = await this.#embed(row)
        total.embedded += embedded
        total.refused += refused
        if (isDone) waiting--
      } catch (error) {
        failures.push(error)
        if (!(error instanceof MemkeepError) || error.code !== 'ERR_EMBEDDER') continue
        isOver = ++failed === mostFailures || (await this.#isDown())
        if (isOver) this.#from = { tenant: row.tenant, subject: row.subject }
      }
    }
    if (!isOver) this.#from = start
    this.#waiting = waiting
    return total
  }

  #embed({ tenant, subject, tenant_epoch: tenantEpoch, shelf_epoch: shelfEpoch, waits }: WaitingRow) {
    const openKeys = () => this.#caller.keyring.tenantByTag(tenant)
    return this.#filling.embed({ openKeys, subject, tenantEpoch, shelfEpoch, waits })
  }

  async #isDown(): Promise<boolean> {
    return this.#filling.probe().then(
      () => false,
      () => true,
    )
  }

  /** Every shelf that waits, once: those behind the place where the last pass ended come first. */
  async *#rows(): AsyncGenerator<WaitingRow> {
    const from = this.#from
    yield* this.#between(from, null)
    if (from !== start) yield* this.#between(start, from)
  }

  async *#between(first: Place, last: Place | null): AsyncGenerator<WaitingRow> {
    for (let after = first; ; ) {
      const args = [after.tenant, after.subject, shelvesAtOnce]
      const rows = await dueShelves<WaitingRow>(this.#caller, 'due_vectors', args)
      for (const row of rows) {
        if (last !== null && isBehind(row, last)) return
        yield row
      }
      if (rows.length < shelvesAtOnce) return
      after = rows.at(-1)!
    }
  }
}

/** In the database's order: by bytes. */
function isBehind(a: Place, b: Place): boolean {
  return (Buffer.compare(a.tenant, b.tenant) || Buffer.compare(a.subject, b.subject)) > 0
}
