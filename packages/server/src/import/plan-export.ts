import { type Actor, MemkeepError, type MessageInput, type Tools } from 'memkeep'
import { type Entry, entryValue } from './entries.ts'
import type { Gate } from './gate-lines.ts'
import { isLower, type Lineage, lineagesOf } from './lineage.ts'
import { type BadLine, contentIdentity, type Plan, type Planned, type Remark } from './planned.ts'
import { type ExportedMemory, type ExportLine, readExportLine } from './read-record.ts'
import { isRefusal } from './refusal.ts'
import { type Check, type Checks, type Deployment, type ImportTarget, subjectOf } from './target.ts'

interface Found {
  readonly number: number
  readonly memory: ExportedMemory
}

/** What the lines of an export hold, each by itself. */
interface Read {
  /** By id: the standing version of each memory. */
  readonly memories: Map<string, Found>
  readonly bad: BadLine[]
  readonly skipped: Remark[]
}

type Counts = Extract<ExportLine, { as: 'counts' }>

type Place = Pick<Planned, 'number' | 'subject' | 'agent' | 'sources' | 'depth' | 'identities'>

const roleOf: Readonly<Record<Actor, MessageInput['role']>> = Object.freeze({
  user: 'user',
  agent: 'assistant',
  system: 'system',
  tool: 'tool',
})

/**
 * Reads what `memkeep export` wrote. An export that is not whole, by the counts at its end, has that as a bad line. Ids, older
 * versions and times of storing are not kept, and no memory is trusted more than the export says.
 */
export async function planExport(
  entries: readonly Entry[],
  digest: string,
  target: ImportTarget,
  checks: Checks,
  { tools, now }: Deployment,
): Promise<Plan> {
  const read = await readLines(entries, target, checks.line, now)
  const lineages = await passing(read, target, checks.gate, tools)
  const { memories, bad, skipped } = read
  const planned: Planned[] = []
  let [cut, lowered] = [0, 0]
  for (const { number, memory } of memories.values()) {
    const lineage = lineages.get(memory.id)
    if (lineage === null || lineage === undefined) {
      bad.push({ number, code: 'ERR_INPUT_INVALID', why: 'is derived from itself' })
      continue
    }
    const sources = lineage.sources.map((id) => memories.get(id)!.number)
    const item = placed({ number, memory }, lineage, target, sources)
    planned.push(item)
    const losesSpeaker = memory.speaker !== null && item.as === 'memory'
    if (sources.length < memory.input.derivedFrom.length || losesSpeaker) cut++
    if (isLower(lineage.trust, memory.trust)) lowered++
  }
  bad.sort((a, b) => a.number - b.number)
  return { unit: 'line', digest, knownBy: 'content', planned, bad, skipped, cut, lowered }
}

/** The lineages of what the gate takes. What it refuses is a bad line, and its kin come without it. */
async function passing({ memories, bad }: Read, target: ImportTarget, gate: Gate, tools: Tools) {
  const spoken = [...memories.values()].map(({ number, memory }) => {
    const { content, actor, tags, metadata, source } = memory.input
    const { subject } = placeOf(number, memory, target)
    return { number, subject, content, actor, speaker: memory.speaker, tags, metadata, source }
  })
  const refused = await gate(spoken)
  bad.push(...refused)
  const numbers = new Set(refused.map(({ number }) => number))
  for (const { number, memory } of [...memories.values()]) if (numbers.has(number)) memories.delete(memory.id)
  return lineagesOf(
    [...memories.values()].map(({ memory }) => memory),
    tools,
  )
}

async function readLines(entries: readonly Entry[], target: ImportTarget, check: Check, now: Date): Promise<Read> {
  const read: Read = { memories: new Map(), bad: [], skipped: [] }
  const lines = { memories: 0, versions: 0, artifacts: 0 }
  let counts: Counts | null = null
  for (const entry of entries) {
    const { number } = entry
    try {
      if (counts !== null) throw invalid('stands after the counts, which are the end of an export')
      const line = readExportLine(entryValue(entry))
      if (line.as === 'counts') counts = line
      else if (line.as === 'older version') {
        lines.versions++
        read.skipped.push({ number, why: line.held ? 'is held for review' : 'is an older version' })
      } else if (line.as === 'artifact') {
        lines.artifacts++
        read.skipped.push({ number, why: 'was made of memories: make it anew' })
      } else {
        lines.memories++
        await take({ number, memory: line.memory }, read, target, check, now)
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
      read.bad.push({ number, code: error.code, why: error.message })
    }
  }
  const why = shortfall(counts, lines)
  if (why !== null) read.bad.push({ number: entries.at(-1)!.number, code: 'ERR_INPUT_INVALID', why })
  return read
}

/** What is wrong with a file as a whole, by the counts at its end; null when nothing is. */
function shortfall(counts: Counts | null, lines: Readonly<Record<'memories' | 'versions' | 'artifacts', number>>) {
  if (counts === null) return 'the export is cut short: its last line, the counts, is missing'
  const { memories, versions, artifacts } = lines
  if (counts.memories === memories && counts.versions === versions && counts.artifacts === artifacts) return null
  const made = artifacts === 0 ? '' : ` (and ${artifacts} artifacts)`
  return `the export is not whole: it holds ${memories} memories and ${versions} older versions${made}, not what its counts say`
}

async function take({ number, memory }: Found, read: Read, target: ImportTarget, check: Check, now: Date) {
  const { id, input, trust, speaker } = memory
  if (read.memories.has(id)) throw invalid('is a memory that stands in the file twice')
  if (input.expiresAt !== undefined && input.expiresAt <= now) {
    read.skipped.push({ number, why: 'has expired' })
    return
  }
  const place = { ...placeOf(number, memory, target), sources: [], depth: 0, identities: [] }
  // With the ids that it has in the file: the kernel judges their form.
  await check({ ...place, as: 'memory', input })
  if (speaker !== null) await check(asTurn(place, { trust, isCapped: false, depth: 0, sources: [] }, memory, 'any'))
  read.memories.set(id, { number, memory })
}

/** How a checked memory is stored. */
function placed({ number, memory }: Found, lineage: Lineage, target: ImportTarget, sources: number[]): Planned {
  const { input, agent } = memory
  const at = placeOf(number, memory, target)
  const { derivedFrom: _, ...told } = input
  const named = { tags: told.tags, metadata: told.metadata, source: told.source ?? null, session: at.session }
  const identities = [contentIdentity({ ...told, ...named, agent })]
  const place = { ...at, sources, depth: lineage.depth, identities }
  if (at.session !== null && isPlainTurn(memory)) return asTurn(place, lineage, memory, at.session)
  const session = at.session === null ? {} : { session: at.session }
  return { ...place, as: 'memory', input: { ...told, ...session, ...capOf(lineage) } }
}

function capOf({ isCapped, trust }: Lineage): Pick<MessageInput, 'maxTrust'> {
  return isCapped ? { maxTrust: trust } : {}
}

function placeOf(number: number, memory: ExportedMemory, target: ImportTarget) {
  const { common, agent, input } = memory
  if (common && target.subject !== null) throw invalid('belongs to the tenant as a whole, not to --subject')
  const subject = common ? null : subjectOf(memory.subject, target)
  return { number, subject, agent, session: input.session ?? target.session }
}

/**
 * A turn of a talk has no labels of its own, and what an assistant said in one is trusted as a person's word at the most; anything else of that kind was given it by a
 * caller. That a turn ends is an episode's, and it is one again, for upkeep to keep, which ends no later than it would have.
 */
function isPlainTurn({ input, trust }: ExportedMemory): boolean {
  const { actor, kind, sensitivity, tags, metadata, importance, tool, derivedFrom } = input
  const labelled = tags.length > 0 || Object.keys(metadata).length > 0 || importance !== undefined || tool !== undefined
  const counts = actor === 'agent' && isLower('user', trust)
  return kind === 'turn' && sensitivity === 'private' && !labelled && !counts && derivedFrom.length === 0
}

function asTurn(place: Place, lineage: Lineage, { input, speaker }: ExportedMemory, session: string): Planned {
  const { actor, content, at, source, expiresAt } = input
  const message = {
    ...{ role: roleOf[actor], content, at },
    ...(speaker === null ? {} : { name: speaker }),
    ...(source === undefined ? {} : { source }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...capOf(lineage),
  }
  return { ...place, session, as: 'turn', message }
}

function invalid(why: string): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', why)
}
