import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocal } from '@memkeep/embedded'
import type { ScopedMemory } from 'memkeep'
import { mintGrant, mintScope } from 'memkeep/trust'
import type { QuestionSet, SetMemory } from './question-set.ts'
import type { Tools } from './rooms.ts'

const principal = { id: 'bench', roles: ['admin'] }

/** The ids that each question finds through `memory.search`, of memories that were added to an embedded keep. */
export async function libraryAnswers(
  set: QuestionSet,
  { embedder, languages }: Tools,
  limit: number,
): Promise<readonly (readonly string[])[]> {
  const dir = await mkdtemp(join(tmpdir(), 'memkeep-recall-'))
  try {
    await using keep = await openLocal(dir, { languages, ...(embedder ? { embedder } : {}) })
    await keep
      .privileged(mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 600 }))
      .tenants.create('bench')
    const memoryOf = (subject: string) => keep.for(mintScope({ tenant: 'bench', subject, principal }))
    const names = new Map<string, string>()
    for (const group of groupsOf(set.memories)) {
      const receipts = await store(memoryOf(group[0]!.subject), group)
      receipts.forEach(({ id }, place) => {
        names.set(id, group[place]!.id)
      })
    }
    const found: string[][] = []
    for (const { question, subject } of set.questions) {
      const { memories } = await memoryOf(subject).search(question, { limit })
      found.push(memories.map(({ id }) => names.get(id)!))
    }
    return found
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Neighbours in the file that are stored by one call: turns of one talk, or notes of one subject. At most 500. */
function groupsOf(memories: readonly SetMemory[]): SetMemory[][] {
  const groups: SetMemory[][] = []
  for (const memory of memories) {
    const group = groups.at(-1)
    const [before] = group ?? []
    const fits = before?.subject === memory.subject && before.session === memory.session && group!.length < 500
    if (fits) group!.push(memory)
    else groups.push([memory])
  }
  return groups
}

function store(memory: ScopedMemory, group: readonly SetMemory[]) {
  const { session } = group[0]!
  const when = ({ atMs }: SetMemory) => (atMs === null ? {} : { at: new Date(atMs) })
  if (session === null) {
    return memory.addMany(group.map((each) => ({ content: each.content, actor: 'user', ...when(each) })))
  }
  const turns = group.map((each) => ({
    role: 'user' as const,
    content: each.content,
    ...(each.speaker === null ? {} : { name: each.speaker }),
    ...when(each),
  }))
  return memory.addMessages(turns, { session })
}
