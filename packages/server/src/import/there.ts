import type { Keep, Memory, ReadableMemory } from 'memkeep'
import { importedCommonScope, importedScope } from '../authn/operator.ts'
import { contentIdentity, type Plan, type Planned, sourceIdentity } from './planned.ts'

/** What is stored already of the lines that go to one subject, or to the tenant as a whole. */
export class There {
  readonly #ids = new Map<string, string[]>()
  readonly #seen = new Set<string>()
  readonly #asked: ReadonlySet<string>
  readonly #sources: ReadonlySet<string | null | undefined>
  readonly #knownBy: Plan['knownBy']
  readonly #isCommon: boolean
  /** The latest time among them. */
  latestMs = 0

  private constructor(items: readonly Planned[], knownBy: Plan['knownBy']) {
    this.#asked = new Set(items.flatMap(({ identities }) => identities))
    this.#sources = new Set(items.map((item) => (item.as === 'turn' ? item.message.source : item.input.source)))
    this.#knownBy = knownBy
    this.#isCommon = items[0]!.subject === null
  }

  /**
   * Looks through all that the subject holds, as nothing finds memories by source: what stands, what waits for a person, and what others took the
   * place of. Of one session's turns through that session alone, and further only where some are there and others are missing.
   */
  static async look(keep: Keep, tenant: string, items: readonly Planned[], knownBy: Plan['knownBy']): Promise<There> {
    const there = new There(items, knownBy)
    const { subject, session } = items[0]!
    const reach = (bound: string | null): ReadableMemory =>
      keep.for(subject === null ? importedCommonScope(tenant) : importedScope(tenant, subject, bound))
    const oneSession = items.every((item) => item.session === session) ? session : null
    const memory = reach(oneSession)
    let successors = await there.#lookAt(memory, oneSession === null ? {} : kindsOf(items))
    for await (const held of pagesOf((page) => memory.quarantine.list(page))) there.#put([held])
    const isPart = there.#seen.size > 0 && there.#seen.size < items.length
    if (oneSession !== null && isPart) successors = await there.#lookAt(reach(null), {})
    if (there.#seen.size === items.length) return there
    for (const id of successors) {
      const line = await reach(null).history(id)
      for (const versions of Map.groupBy(line, (version) => version.id).values()) there.#put(versions)
    }
    return there
  }

  /** The id of a stored memory that is this line, which is then no other line's; null when there is none left. */
  take(item: Planned): string | null {
    for (const identity of item.identities) {
      const id = this.#ids.get(identity)?.pop()
      if (id !== undefined) return id
    }
    return null
  }

  /** Notes what stands. Returns the ids of those that took another's place. */
  async #lookAt(memory: ReadableMemory, kinds: { readonly kinds?: readonly string[] }): Promise<string[]> {
    const successors: string[] = []
    for await (const item of pagesOf((page) => memory.list({ ...page, ...kinds }))) {
      if (item.supersedes !== null) successors.push(item.id)
      // What was changed since it was imported is known by what it was.
      const isChanged = item.version > 1 && (this.#knownBy === 'content' || this.#sources.has(item.source))
      const versions = isChanged ? await memory.history(item.id) : [item]
      this.#put(versions.filter(({ id }) => id === item.id))
    }
    return successors
  }

  /** Versions of one memory. */
  #put(versions: readonly Memory[]): void {
    const identityOf = this.#knownBy === 'source' ? sourceIdentity : contentIdentity
    const [item] = versions
    if (item === undefined || item.common !== this.#isCommon || this.#seen.has(item.id)) return
    const identity = versions.map(identityOf).find((each) => this.#asked.has(each))
    if (identity === undefined) return
    this.#seen.add(item.id)
    this.#ids.set(identity, [...(this.#ids.get(identity) ?? []), item.id])
    this.latestMs = Math.max(this.latestMs, item.at.getTime())
  }
}

interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor: string | null
}

async function* pagesOf<Item>(
  read: (page: { readonly limit: number; readonly cursor?: string }) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await read({ limit: 100, ...(cursor === undefined ? {} : { cursor }) })
    yield* page.items
    cursor = page.nextCursor
  }
}

/** A filter of the kinds among these, where there are not too many to ask for. */
function kindsOf(items: readonly Planned[]): { readonly kinds?: readonly string[] } {
  const kinds = new Set(items.map((item) => (item.as === 'turn' ? 'turn' : (item.input.kind ?? 'note'))))
  return kinds.size > 32 ? {} : { kinds: [...kinds] }
}
