import type { Keep, Memory, ReadableMemory } from 'memkeep'
import { importedCommonScope, importedScope } from '../authn/operator.ts'
import { contentIdentity, type Plan, type Planned } from './planned.ts'

/** What is stored already of the lines that go to one subject, or to the tenant as a whole. */
export class There {
  readonly #ids = new Map<string, string[]>()
  /** The latest time among them. */
  latestMs = 0

  /** Looks through all that the subject holds (of one session's turns, through that session): nothing finds memories by source. */
  static async look(keep: Keep, tenant: string, items: readonly Planned[], knownBy: Plan['knownBy']): Promise<There> {
    const there = new There()
    const { subject, session } = items[0]!
    const oneSession = items.every((item) => item.session === session) ? session : null
    const scope = subject === null ? importedCommonScope(tenant) : importedScope(tenant, subject, oneSession)
    const memory = keep.for(scope)
    const kinds = kindsOf(items)
    const asked = new Set(items.flatMap(({ identities }) => identities))
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await memory.list({ limit: 100, ...kinds, ...(cursor === undefined ? {} : { cursor }) })
      for (const item of page.items) {
        if (item.common !== (subject === null)) continue
        // What was changed since it was imported is known by what it was.
        const versions = knownBy === 'content' && item.version > 1 ? await memory.history(item.id) : [item]
        there.#put(item, versions, asked, knownBy)
      }
      cursor = page.nextCursor
    }
    await there.#lookAside(memory, subject, asked, knownBy)
    return there
  }

  /** What waits for a person is stored as well: it would be held twice. */
  async #lookAside(
    memory: ReadableMemory,
    subject: string | null,
    asked: ReadonlySet<string>,
    knownBy: Plan['knownBy'],
  ) {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await memory.quarantine.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) })
      for (const item of page.items) if (item.common === (subject === null)) this.#put(item, [item], asked, knownBy)
      cursor = page.nextCursor
    }
  }

  /** The id of a stored memory that is this line, which is then no other line's; null when there is none left. */
  take(item: Planned): string | null {
    for (const identity of item.identities) {
      const id = this.#ids.get(identity)?.pop()
      if (id !== undefined) return id
    }
    return null
  }

  #put(item: Memory, versions: readonly Memory[], asked: ReadonlySet<string>, knownBy: Plan['knownBy']): void {
    const identityOf = (memory: Memory): string =>
      knownBy === 'source' ? (memory.source ?? '') : contentIdentity(memory)
    const identity = versions.map(identityOf).find((each) => asked.has(each))
    if (identity === undefined) return
    this.#ids.set(identity, [...(this.#ids.get(identity) ?? []), item.id])
    this.latestMs = Math.max(this.latestMs, item.at.getTime())
  }
}

/** A filter of the kinds among these, where there are not too many to ask for. */
function kindsOf(items: readonly Planned[]): { readonly kinds?: readonly string[] } {
  const kinds = new Set(items.map((item) => (item.as === 'turn' ? 'turn' : (item.input.kind ?? 'note'))))
  return kinds.size > 32 ? {} : { kinds: [...kinds] }
}
