import { embeddedText, indexOf, queryOf, vectorsOf } from '../../packages/memkeep/src/memory/index-of.ts'
import type { Embedder } from '../../packages/memkeep/src/recall/embedder.ts'
import type { Languages } from '../../packages/memkeep/src/recall/languages.ts'
import { rank } from '../../packages/memkeep/src/recall/rank.ts'
import { Shelf } from '../../packages/memkeep/src/recall/shelf.ts'
import type { QuestionSet, SetMemory, SetQuestion } from './question-set.ts'

/** One way to rank. Only the last is what `search` does with stems and an embedder; the others leave parts of it out. */
export interface Way {
  readonly name: string
  /** Words take part: as they stand, or as stems. */
  readonly words: 'none' | 'plain' | 'stems'
  readonly vectors: boolean
  /** Turns lend to their neighbours. */
  readonly neighbours: boolean
}

export const ways: readonly Way[] = [
  { name: 'lexical (words as they stand)', words: 'plain', vectors: false, neighbours: false },
  { name: 'BM25 alone (stems)', words: 'stems', vectors: false, neighbours: false },
  { name: 'dense alone', words: 'none', vectors: true, neighbours: false },
  { name: 'BM25 alone, with neighbours', words: 'stems', vectors: false, neighbours: true },
  { name: 'dense alone, with neighbours', words: 'none', vectors: true, neighbours: true },
  { name: 'hybrid without neighbours', words: 'stems', vectors: true, neighbours: false },
  { name: 'hybrid', words: 'stems', vectors: true, neighbours: true },
]

/** Names of the ways that are one part of the whole and nothing else. */
export const parts: ReadonlySet<string> = new Set(ways.slice(0, 3).map(({ name }) => name))

export interface Tools {
  readonly languages: Languages
  /** Null: the ways that need vectors are left out. */
  readonly embedder: Embedder | null
}

/** The ids that each question finds, by way. It goes through the room that `search` ranks in, without a database. */
export async function answers(
  set: QuestionSet,
  tools: Tools,
  limit: number,
): Promise<ReadonlyMap<Way, readonly (readonly string[])[]>> {
  const memoryVectors = await vectorsOf(tools, set.memories.map(embeddedText))
  const questionVectors = await vectorsOf(
    tools,
    set.questions.map(({ question }) => question),
  )
  const found = new Map<Way, readonly (readonly string[])[]>()
  for (const way of ways) {
    if (way.vectors && tools.embedder === null) continue
    const kernel = {
      embedder: way.vectors ? tools.embedder : null,
      languages: way.words === 'stems' ? tools.languages : null,
    }
    const shelves = shelvesOf(set, kernel, way, memoryVectors)
    const ask = ({ question, subject }: SetQuestion, place: number): string[] => {
      const query = queryOf(kernel, question, way.vectors ? questionVectors[place]! : null)
      const terms = way.words === 'none' ? new Map<string, number>() : query.terms
      return rank([shelves.get(subject)!], { ...query, terms }, { nowMs: 0 }, limit).map(({ entry }) => entry.id)
    }
    found.set(way, set.questions.map(ask))
  }
  return found
}

/** A shelf for each subject, as `add` and `addMessages` would have filled it. */
function shelvesOf(
  set: QuestionSet,
  kernel: Parameters<typeof indexOf>[0],
  way: Way,
  vectors: readonly (Float32Array | null)[],
): Map<string, Shelf> {
  const shelves = new Map(set.memories.map(({ subject }) => [subject, new Shelf()]))
  set.memories.forEach((memory, place) => {
    const { id, content, session, speaker, subject } = memory
    const details = { tags: [], agent: null, session, speaker }
    const index = indexOf(kernel, content, details, way.vectors ? vectors[place]! : null, { atMs: memory.atMs })
    shelves.get(subject)!.put({
      id,
      subjectTag: '',
      version: 1,
      kind: session === null ? 'note' : 'turn',
      trust: 'user',
      sensitivity: 'private',
      createdAtMs: place,
      atMs: timeOf(memory, place),
      expiresAtMs: null,
      index: way.neighbours ? index : { ...index, session: null },
    })
  })
  return shelves
}

/** Turns without a time are in the order of the file. */
function timeOf({ atMs }: SetMemory, place: number): number {
  return atMs ?? place
}
