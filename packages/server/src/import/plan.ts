import { createHash } from 'node:crypto'
import { type AddInput, MemkeepError, type MessageInput } from 'memkeep'
import { type Entry, entriesOf } from './entries.ts'
import { type Read, readEntry } from './read-entry.ts'

export interface ImportTarget {
  readonly tenant: string
  /** Null: every line must name its own. */
  readonly subject: string | null
  /** Null: a line's own; for messages one that is made of the file's digest. */
  readonly session: string | null
}

/** One memory to store, and the number of the line that it comes from. */
export type Planned = {
  readonly number: number
  readonly subject: string
  readonly session: string | null
} & (
  | { readonly as: 'memory'; readonly input: AddInput }
  | { readonly as: 'turn'; readonly session: string; readonly message: MessageInput }
)

export interface Remark {
  readonly number: number
  readonly why: string
}

export interface Plan {
  readonly unit: 'line' | 'message'
  /** Of the file's bytes, in hexadecimal. */
  readonly digest: string
  readonly planned: readonly Planned[]
  readonly bad: readonly Remark[]
  /** Well-formed, with nothing in it to remember. */
  readonly skipped: readonly Remark[]
  /** How many messages carried calls or parts beside their text, which are not kept. */
  readonly cut: number
}

/** Reads a whole file and says what is to be stored. `check` throws for what the kernel would refuse. */
export async function planImport(
  file: Buffer,
  target: ImportTarget,
  check: (planned: Planned) => Promise<void>,
): Promise<Plan> {
  const digest = createHash('sha256').update(file).digest('hex')
  const { unit, entries } = entriesOf(file)
  const [planned, bad, skipped]: [Planned[], Remark[], Remark[]] = [[], [], []]
  let cut = 0
  for (const entry of entries) {
    const { number } = entry
    try {
      const read = readable(entry)
      if (read.as === 'nothing') skipped.push({ number, why: read.why })
      else {
        const item = placed(number, read, target, digest)
        await check(item)
        planned.push(item)
        if (read.as === 'turn' && read.cut) cut++
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
      bad.push({ number, why: error.message })
    }
  }
  return { unit, digest, planned, bad, skipped, cut }
}

/** What a memory of this file and line carries as its `source`: by it a later import knows the line again. */
export function sourceOf(digest: string, number: number): string {
  return `${sourcePrefix(digest)}${number}`
}

export function sourcePrefix(digest: string): string {
  return `import:sha256-${digest}:`
}

function readable(entry: Entry): Read {
  if ('problem' in entry) throw new MemkeepError('ERR_INPUT_INVALID', entry.problem)
  return readEntry(entry.value)
}

function placed(number: number, read: Exclude<Read, { as: 'nothing' }>, target: ImportTarget, digest: string): Planned {
  const named = read.as === 'memory' ? read.subject : null
  if (named !== null && target.subject !== null && named !== target.subject) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'names another subject than --subject')
  }
  const subject = named ?? target.subject
  if (subject === null) throw new MemkeepError('ERR_INPUT_INVALID', 'names no subject, and --subject is not given')
  const source = sourceOf(digest, number)
  if (read.as === 'turn') {
    const session = target.session ?? `import-${digest.slice(0, 16)}`
    return { number, subject, session, as: 'turn', message: { ...read.message, source } }
  }
  const session = read.input.session ?? target.session
  const input = { ...read.input, ...(session === null ? {} : { session }), source }
  return { number, subject, session, as: 'memory', input }
}

/** Refusals of what was given; anything else is no fault of the line. */
function isRefusal(error: unknown): error is MemkeepError {
  return error instanceof MemkeepError && refusals.includes(error.code)
}

const refusals: readonly string[] = ['ERR_INPUT_INVALID', 'ERR_INPUT_TOO_LARGE', 'ERR_SCOPE_REQUIRED']
