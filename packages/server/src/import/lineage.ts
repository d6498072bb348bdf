import { ceilingOf, lowerTrust, type Tools, type Trust } from 'memkeep'
import { importer } from '../authn/operator.ts'
import type { ExportedMemory } from './read-record.ts'

/** Where a memory of an export stands among the others of its file. */
export interface Lineage {
  /** 0 without sources in the file; else one more than the deepest of them: those are stored before it. */
  readonly depth: number
  /** Ids of its sources that are in the file. */
  readonly sources: readonly string[]
  /** The most that the kernel will trust it: for its author and for what it came from, and never more than the export says. */
  readonly trust: Trust
  /** True where the export says less than author and sources allow: the kernel is told so. */
  readonly isCapped: boolean
}

export function isLower(trust: Trust, than: Trust): boolean {
  return trust !== than && lowerTrust(trust, than) === trust
}

/**
 * The lineage of every memory of an export, by its id; null for one that is derived from itself, which no export holds.
 * A source that is not in the file cannot be named again, nor is it known what was shown where a memory was stored, and with that would go the reason
 * why it was trusted less than its author. It is trusted no more than the export says: an import never raises a
 * trust. `tools` are those that the deployment has registered.
 */
export function lineagesOf(memories: readonly ExportedMemory[], tools: Tools): ReadonlyMap<string, Lineage | null> {
  const byId = new Map(memories.map((memory) => [memory.id, memory]))
  const found = new Map<string, Lineage | null>()
  const entered = new Set<string>()
  // A stack of its own: a chain of sources may be as long as the file.
  const stack = memories.map(({ id }) => id).reverse()
  while (stack.length > 0) {
    const id = stack.at(-1)!
    const { input, trust } = byId.get(id)!
    const sources = input.derivedFrom.filter((source) => byId.has(source))
    const waiting = sources.filter((source) => !found.has(source))
    if (found.has(id)) stack.pop()
    else if (waiting.length === 0) found.set(stack.pop()!, settled(input, trust, sources, found, tools))
    else if (entered.has(id)) found.set(stack.pop()!, null)
    else {
      entered.add(id)
      stack.push(...waiting)
    }
  }
  return found
}

function settled(
  input: ExportedMemory['input'],
  exported: Trust,
  sources: readonly string[],
  found: ReadonlyMap<string, Lineage | null>,
  tools: Tools,
): Lineage | null {
  const { actor, tool = null } = input
  const above = sources.map((source) => found.get(source)!)
  const lineages = above.filter((lineage) => lineage !== null)
  if (lineages.length < above.length) return null
  const depth = lineages.reduce((most, lineage) => Math.max(most, lineage.depth + 1), 0)
  const ceiling = ceilingOf(actor, tool, tools, importer)
  const trust = lineages.reduce<Trust>((least, each) => lowerTrust(least, each.trust), ceiling)
  const isCapped = isLower(exported, trust)
  return { depth, sources, trust: isCapped ? exported : trust, isCapped }
}
