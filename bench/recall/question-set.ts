import { readFile } from 'node:fs/promises'

/** One memory of a set. Only `id` and `content` must be there. */
export interface SetMemory {
  readonly id: string
  readonly content: string
  /** Whose memory it is: each subject has a shelf of its own. Default: one for all. */
  readonly subject: string
  /** The talk that it is a turn of. */
  readonly session: string | null
  readonly speaker: string | null
  readonly atMs: number | null
}

export interface SetQuestion {
  readonly id: string
  readonly question: string
  /** Ids of the memories that an answer needs: all that there are, at least one. */
  readonly evidence: readonly string[]
  readonly category: string
  readonly subject: string
}

export interface QuestionSet {
  readonly name: string
  /** In the order of the file, which is the order of turns that have no time. */
  readonly memories: readonly SetMemory[]
  readonly questions: readonly SetQuestion[]
}

type Json = Record<string, unknown>

/**
 * Reads a set. Throws what is wrong with it: a set that was half understood would give wrong figures. Fields that are not
 * known are left alone. Evidence that is not among the subject's memories is left out, and so are questions without any:
 * `warn` is told how many.
 */
export async function readQuestionSet(path: string, warn: (text: string) => void): Promise<QuestionSet> {
  const file = JSON.parse(await readFile(path, 'utf8')) as Json
  if (typeof file !== 'object' || file === null || Array.isArray(file)) throw new Error(`${path}: a set is an object`)
  const memories = listOf(file, 'memories').map(readMemory)
  const subjects = new Map(memories.map(({ id, subject }) => [id, subject]))
  if (subjects.size < memories.length) throw new Error(`${path}: two memories have one id`)
  const evidence = evidenceOf(file.evidence)
  let [unknown, empty] = [0, 0]
  const questions = listOf(file, 'questions').flatMap((given, place) => {
    const question = readQuestion(given, place, evidence)
    const known = question.evidence.filter((id) => subjects.get(id) === question.subject)
    unknown += question.evidence.length - known.length
    if (known.length > 0) return [{ ...question, evidence: known }]
    empty++
    return []
  })
  if (unknown > 0) warn(`${path}: ${unknown} pieces of evidence are no memory of their subject`)
  if (empty > 0) warn(`${path}: ${empty} questions have no evidence and are left out`)
  if (questions.length === 0) throw new Error(`${path}: no question is left that a memory answers`)
  return { name: typeof file.name === 'string' ? file.name : path, memories, questions }
}

function readMemory(given: Json, place: number): SetMemory {
  const content = given.content ?? given.text
  const id = given.id ?? place
  if (typeof content !== 'string') throw new Error(`memory ${id} has no content`)
  return {
    id: String(id),
    content,
    subject: textOr(given.subject, 'one'),
    session: textOr(given.session, null),
    speaker: textOr(given.speaker ?? given.name, null),
    atMs: momentOf(given.at),
  }
}

function readQuestion(given: Json, place: number, beside: ReadonlyMap<string, readonly string[]>): SetQuestion {
  const id = String(given.id ?? place)
  const question = given.question ?? given.text
  if (typeof question !== 'string') throw new Error(`question ${id} has no text`)
  const evidence = given.evidence === undefined ? (beside.get(id) ?? []) : idsOf(given.evidence)
  return { id, question, evidence, category: textOr(given.category, 'all'), subject: textOr(given.subject, 'one') }
}

/** Evidence beside the questions: an object from question to ids, a list of `{question, memories}`, or one of ids in their order. */
function evidenceOf(given: unknown): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const add = (question: unknown, ids: unknown): void => {
    found.set(String(question), [...(found.get(String(question)) ?? []), ...idsOf(ids)])
  }
  if (Array.isArray(given)) {
    given.forEach((each, place) => {
      if (Array.isArray(each) || typeof each !== 'object') add(place, each)
      else add(each.question ?? each.id, each.memories ?? each.memory ?? each.evidence)
    })
  } else if (typeof given === 'object' && given !== null) {
    for (const [question, ids] of Object.entries(given)) add(question, ids)
  }
  return found
}

function idsOf(given: unknown): string[] {
  return [...new Set((Array.isArray(given) ? given : [given]).map(String))]
}

function listOf(file: Json, name: string): Json[] {
  if (!Array.isArray(file[name])) throw new Error(`the set has no list of ${name}`)
  return (file[name] as unknown[]).map((each) =>
    typeof each === 'string' ? { content: each, question: each } : (each as Json),
  )
}

function textOr<T extends string | null>(value: unknown, otherwise: T): string | T {
  return value === undefined || value === null ? otherwise : String(value)
}

/** Null for a time that JavaScript cannot read. */
function momentOf(value: unknown): number | null {
  if (value === undefined || value === null) return null
  const atMs = new Date(value as string | number).getTime()
  return Number.isNaN(atMs) ? null : atMs
}
