import { MemkeepError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import { readScope, type ScopeClaims, type TenantScope } from '../core/scope.ts'
import { type DataKey, keyVersionOf } from '../keys/data-key.ts'
import type { Judgement } from '../screening/judge.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { type Access, readDetail, withAccess, writeDetail } from './access.ts'
import { callMemory, type Operation } from './call.ts'
import { callDisclosing } from './disclosing.ts'
import { checkArray, checkKeys, checkLimit, lookupId } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { shelvesInReach } from './reach.ts'
import { noteRecalled } from './recalled.ts'
import { RowOpener } from './row.ts'
import { callWrite } from './write.ts'

/** Why something is held, and where it was caught. */
export interface HeldVerdict extends Judgement {
  readonly moment: 'gate' | 'recall'
}

/** Something that is held. It is no memory: nothing finds it, and nothing can be made from it. */
export interface HeldMemory extends Memory {
  readonly heldAt: Date
  /** Null when it cannot be opened any more. */
  readonly held: HeldVerdict | null
}

export interface HeldPage {
  readonly items: readonly HeldMemory[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

/** What is judged: its id, or with it the version that was read. */
export type Reviewed = string | { readonly id: string; readonly ifVersion: number }

const beforeAll = '00000000-0000-0000-0000-000000000000'
const mostAtOnce = 1000

/** Seals why something is held, bound to it. */
export function sealVerdict(key: DataKey, id: string, { score, reasons, verdict, moment }: HeldVerdict): Buffer {
  return key.seal(
    'details',
    Buffer.from(JSON.stringify({ moment, score, reasons, verdict }), 'utf8'),
    verdictContext(id),
  )
}

/** Binds a sealed verdict to what is held. */
export function verdictContext(id: string): string[] {
  return ['aside', id, 'verdict']
}

/**
 * What is held for review within one scope: looked at, released or rejected by whoever holds the right `review`. Each call is audited, looking
 * included, and checks anew that the scope has not expired.
 */
export class Quarantine {
  readonly #kernel: Kernel
  readonly #scope: TenantScope

  constructor(kernel: Kernel, scope: TenantScope) {
    this.#kernel = kernel
    this.#scope = scope
  }

  /** What is held, in the order in which it was made. */
  async list(options: { readonly limit?: number; readonly cursor?: string } = {}): Promise<HeldPage> {
    const asked = checkKeys<{ limit: number; cursor: string }>(options, 'list options', ['limit', 'cursor'])
    const limit = checkLimit(asked.limit, this.#kernel.limits.results, 50)
    const after = asked.cursor === undefined ? beforeAll : lookupId(asked.cursor)
    return this.#call('list_memory', async (access) => {
      const items = await readHeld(this.#kernel, access, [null, after, limit])
      return { items, nextCursor: items.length === limit ? items.at(-1)!.id : null }
    })
  }

  /** One that is held, or null. */
  async get(id: string): Promise<HeldMemory | null> {
    const wanted = lookupId(id)
    return this.#call('get_memory', async (access) => {
      const [held] = await readHeld(this.#kernel, access, [wanted, beforeAll, 1])
      return held ?? null
    })
  }

  /**
   * Makes memories of them, trusted as they are: releasing raises nothing. Returns the ids that were held. `ifVersion` is the version that was read: throws
   * `ERR_VERSION_CONFLICT`, and releases none of them, where another is held. Needed for one that was ever revised: it may have been released, revised and
   * held again since somebody looked.
   */
  async release(which: Reviewed | readonly Reviewed[]): Promise<{ released: readonly string[] }> {
    return { released: await this.#review(which, true) }
  }

  /**
   * Removes them, with every version; what came from them is `external` from then on. Returns the ids that were held. `ifVersion` as in `release`, where it is
   * said.
   */
  async reject(which: Reviewed | readonly Reviewed[]): Promise<{ rejected: readonly string[] }> {
    return { rejected: await this.#review(which, false) }
  }

  #review(given: Reviewed | readonly Reviewed[], isRelease: boolean): Promise<readonly string[]> {
    const all = Array.isArray(given) ? checkArray(given, 'ids', mostAtOnce) : [given]
    const which = all.map(checkReviewed)
    return this.#call('review_memory', (access) => review(this.#kernel, access, which, isRelease))
  }

  #call<T>(operation: Operation, run: (access: Access) => Promise<T>): Promise<T> {
    this.#kernel.checkOpen()
    const scope: ScopeClaims = readScope(this.#scope)
    return callMemory(this.#kernel, scope, operation, () => withAccess(this.#kernel, scope, run))
  }
}

interface Judged {
  readonly id: string
  readonly version: number | null
}

function checkReviewed(given: unknown): Judged {
  if (typeof given === 'string') return { id: lookupId(given), version: null }
  const { id, ifVersion } = checkKeys<Exclude<Reviewed, string>>(given, 'what is judged', ['id', 'ifVersion'])
  if (!(Number.isInteger(ifVersion) && ifVersion! > 0 && ifVersion! < 2 ** 31)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'ifVersion must be a whole number from 1')
  }
  return { id: lookupId(id), version: ifVersion! }
}

/** Part of what is held: by its id, or a page behind one. */
export async function readHeld(kernel: Kernel, access: Access, args: readonly unknown[]): Promise<HeldMemory[]> {
  const wide = access.scope.reach === 'all'
  const rows = await callDisclosing<ReadingRow>(kernel, access, wide ? 'wide_held' : 'held', args)
  expectOutcome(rows.find((row) => row.part === parts.outcome)?.outcome, 'ok', 'missing')
  const found = rows.filter((row) => row.part === parts.memory)
  const names = wide && found.length > 0 ? (await shelvesInReach(kernel, access)).names : () => null
  const memories = await new RowOpener(access.keys, access.claims).openMemories(found, names)
  await noteRecalled(kernel, access, memories)
  const held: HeldMemory[] = []
  for (const [place, memory] of memories.entries()) {
    const row = found[place]!
    held.push({ ...memory, heldAt: new Date(row.shelf_version), held: await openVerdict(access, row) })
  }
  return held
}

async function openVerdict(access: Access, row: ReadingRow): Promise<HeldVerdict | null> {
  if (row.entry === null) return null
  const key = await access.keys.forOpening(row.subject, row.epoch, keyVersionOf(row.entry))
  return JSON.parse(key.open('details', row.entry, verdictContext(row.id)).toString('utf8')) as HeldVerdict
}

async function review(
  kernel: Kernel,
  access: Access,
  which: readonly Judged[],
  isRelease: boolean,
): Promise<readonly string[]> {
  const key = await access.keys.forReading(access.shelf)
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const detail = key === null ? await readDetail(access, event) : writeDetail(access, key, event)
  const answer = await callWrite(kernel, access, key, {
    doorway: 'review',
    event,
    atMs,
    args: [
      which.map(({ id }) => id),
      isRelease,
      detail,
      which.some(({ version }) => version !== null) ? which.map(({ version }) => version) : null,
    ],
  })
  expectOutcome(answer.outcome, 'ok')
  return answer.ids
}
