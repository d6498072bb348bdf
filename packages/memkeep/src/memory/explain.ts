import type { Memory } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { type Access, hasRight, withAccess } from './access.ts'
import { callDisclosing } from './disclosing.ts'
import { readVersions } from './get.ts'
import { lookupId } from './input.ts'
import type { Kernel } from './kernel.ts'
import { type AuditEvent, listEvents } from './ledger/list-events.ts'
import { partReader } from './ledger/scope-reader.ts'
import { type HeldVerdict, readHeld } from './quarantine.ts'
import { inSight } from './reach.ts'
import { noteRecalled } from './recalled.ts'

/** Who said something and what that is worth, without what was said. */
export type LineageLabels = Pick<
  Memory,
  | 'version'
  | 'actor'
  | 'tool'
  | 'trust'
  | 'sensitivity'
  | 'kind'
  | 'source'
  | 'agent'
  | 'session'
  | 'common'
  | 'createdAt'
  | 'updatedAt'
>

/** One memory of a lineage. */
export interface LineageNode {
  readonly id: string
  /** Null: it is gone, or not in this scope's sight. */
  readonly labels: LineageLabels | null
  /** What it was made from. Empty also for one that was told of already, and beyond the first 100. */
  readonly sources: readonly LineageNode[]
}

/** That something was shown to somebody. */
export type Reading = Pick<AuditEvent, 'id' | 'at' | 'action' | 'principal' | 'agent' | 'session'>

export interface Explanation {
  readonly state: 'stands' | 'superseded' | 'held'
  readonly lineage: LineageNode
  readonly supersedes: string | null
  /** What the screen met in it when it was stored. */
  readonly flags: readonly string[]
  /** Why it is held; null when it is not. */
  readonly held: HeldVerdict | null
  /**
   * To whom it was shown, newest first: the last 100, as far as the scope's `audit` reaches. This look is one of them. Null without the right `audit`.
   * A search is listed that found it: one that the screen withheld it from as well, right before its `memory.hold` in the ledger.
   */
  readonly shown: readonly Reading[] | null
}

const mostNodes = 100
const nil = '00000000-0000-0000-0000-000000000000'
const showing = [
  'memory.search',
  'memory.list',
  'memory.get',
  'memory.history',
  'memory.export',
  'quarantine.get',
  'quarantine.list',
]

type Found = Pick<Explanation, 'state' | 'held'> & { readonly memory: Memory }

/**
 * Where a memory came from, what is thought of it, and who was shown it since. Null for a foreign id as for a missing one, with the same work. One that
 * is held is told of to whoever holds the right `review`. Each memory of the lineage counts for what the principal may be shown, as one that it gets.
 */
export async function explain(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<Explanation | null> {
  const id = lookupId(given)
  const found = await withAccess(kernel, scope, async (access) => {
    const there = await find(kernel, access, id)
    if (there === null) return null
    const seen: Memory[] = [there.memory]
    const lineage = await trace(kernel, access, there.memory, seen)
    await noteRecalled(kernel, access, seen)
    return { ...there, lineage, isAuditor: hasRight(access, rightBits.audit) }
  })
  if (found === null) return null
  const { memory, state, held, lineage, isAuditor } = found
  const asked = { memory: id, actions: showing, since: memory.createdAt, limit: Math.min(100, kernel.limits.results) }
  const reader = partReader(kernel, scope)
  const shown = isAuditor ? (await listEvents(kernel.keyring, reader, asked)).items.map(readingOf) : null
  return { state, lineage, supersedes: memory.supersedes, flags: memory.flags, held, shown }
}

async function find(kernel: Kernel, access: Access, id: string): Promise<Found | null> {
  const visible = (memory: Memory | undefined): Memory | null =>
    memory !== undefined && inSight(access.scope, memory) ? memory : null
  const stands = visible((await readVersions(kernel, access, id, false, callDisclosing))[0])
  if (stands !== null) {
    return { memory: stands, state: stands.standsAbove === undefined ? 'stands' : 'superseded', held: null }
  }
  const superseded = visible((await readVersions(kernel, access, id, true, callDisclosing))[0])
  if (superseded !== null) return { memory: superseded, state: 'superseded', held: null }
  if (!hasRight(access, rightBits.review)) return null
  const [held] = await readHeld(kernel, access, [id, nil, 1])
  const memory = visible(held)
  return memory === null ? null : { memory, state: 'held', held: held!.held }
}

/** Breadth first, each memory once: lineages can meet again. */
async function trace(kernel: Kernel, access: Access, root: Memory, seen: Memory[]): Promise<LineageNode> {
  type Open = { -readonly [Key in keyof LineageNode]: LineageNode[Key] } & { sources: Open[] }
  const top: Open = { id: root.id, labels: labelsOf(root), sources: [] }
  const told = new Set([root.id])
  const queue: { node: Open; from: readonly string[] }[] = [{ node: top, from: root.derivedFrom }]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const id of next.from) {
      const isNew = !told.has(id) && told.size < mostNodes
      const [memory] = isNew
        ? await readVersions(kernel, access, id, false, callDisclosing)
        : seen.filter((each) => each.id === id)
      told.add(id)
      const known = memory !== undefined && inSight(access.scope, memory) ? memory : null
      const node: Open = { id, labels: known === null ? null : labelsOf(known), sources: [] }
      next.node.sources.push(node)
      if (known === null || !isNew) continue
      seen.push(known)
      queue.push({ node, from: known.derivedFrom })
    }
  }
  return top
}

function labelsOf(memory: Memory): LineageLabels {
  const { version, actor, tool, trust, sensitivity, kind, source, agent, session, common, createdAt, updatedAt } =
    memory
  return { version, actor, tool, trust, sensitivity, kind, source, agent, session, common, createdAt, updatedAt }
}

function readingOf({ id, at, action, principal, agent, session }: AuditEvent): Reading {
  return { id, at, action, principal, agent, session }
}
