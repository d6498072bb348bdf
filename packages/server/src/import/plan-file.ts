import { createHash } from 'node:crypto'
import type { Actor, MessageInput } from 'memkeep'
import { entriesOf, entryValue } from './entries.ts'
import type { Spoken } from './gate-lines.ts'
import { planExport } from './plan-export.ts'
import { type BadLine, type Plan, type Planned, type Remark, sourceIdentity, sourceOf } from './planned.ts'
import { type Read, readEntry } from './read-entry.ts'
import { isExportLine } from './read-record.ts'
import { isRefusal } from './refusal.ts'
import { type Checks, type Deployment, type ImportTarget, subjectOf } from './target.ts'

/** Reads a whole file and says what is to be stored. */
export async function planFile(
  file: Buffer,
  target: ImportTarget,
  checks: Checks,
  deployment: Deployment,
): Promise<Plan> {
  const digest = createHash('sha256').update(file).digest('hex')
  const { unit, entries } = entriesOf(file)
  if (entries.some((entry) => 'value' in entry && isExportLine(entry.value))) {
    return planExport(entries, digest, target, checks, deployment)
  }
  const [planned, bad, skipped]: [Planned[], BadLine[], Remark[]] = [[], [], []]
  const cut = new Set<number>()
  for (const entry of entries) {
    const { number } = entry
    try {
      const read = readEntry(entryValue(entry))
      if (read.as === 'nothing') skipped.push({ number, why: read.why })
      else {
        const item = placed(number, read, target, digest)
        await checks.line(item)
        planned.push(item)
        if (read.as === 'turn' && read.cut) cut.add(number)
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
      bad.push({ number, code: error.code, why: error.message })
    }
  }
  const refused = await checks.gate(planned.map(spokenIn))
  const numbers = new Set(refused.map(({ number }) => number))
  const passed = planned.filter(({ number }) => !numbers.has(number))
  const all = [...bad, ...refused].sort((a, b) => a.number - b.number)
  const kept = passed.filter(({ number }) => cut.has(number)).length
  return { unit, digest, knownBy: 'source', planned: passed, bad: all, skipped, cut: kept, lowered: 0 }
}

function spokenIn(item: Planned): Spoken {
  const { number, subject } = item
  if (item.as === 'memory') {
    const { content, actor, tags, metadata, source } = item.input
    return { number, subject, content, actor, tags, metadata, source }
  }
  const { content, role, name = null } = item.message
  return { number, subject, content, actor: actorOf[role], speaker: name }
}

const actorOf: Readonly<Record<MessageInput['role'], Actor>> = Object.freeze({
  user: 'user',
  assistant: 'agent',
  system: 'system',
  tool: 'tool',
})

function placed(number: number, read: Exclude<Read, { as: 'nothing' }>, target: ImportTarget, digest: string): Planned {
  const subject = subjectOf(read.as === 'memory' ? read.subject : null, target)
  const source = sourceOf(digest, number)
  const said = read.as === 'turn' ? { ...read.message, actor: actorOf[read.message.role] } : read.input
  const identities = [sourceIdentity({ source, actor: said.actor, content: said.content })]
  const place = { number, subject, agent: null, sources: [], depth: 0, identities }
  if (read.as === 'turn') {
    const session = target.session ?? `import-${digest.slice(0, 16)}`
    return { ...place, session, as: 'turn', message: { ...read.message, source } }
  }
  const session = read.input.session ?? target.session
  const input = { ...read.input, ...(session === null ? {} : { session }), source }
  return { ...place, session, as: 'memory', input }
}
