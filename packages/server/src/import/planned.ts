import { createHash } from 'node:crypto'
import type { AddInput, MemkeepErrorCode, Memory, MessageInput } from 'memkeep'
import { withinYears } from './moment.ts'

/** One memory to store, and the number of the line that it comes from. */
export type Planned = {
  readonly number: number
  /** Null: the tenant as a whole. */
  readonly subject: string | null
  readonly session: string | null
  readonly agent: string | null
  /** Numbers of the lines that it was derived from. */
  readonly sources: readonly number[]
  /** Those of a lower depth are stored before it. */
  readonly depth: number
  /** Any of them, found on a stored memory, says that this line is there already. */
  readonly identities: readonly string[]
} & (
  | { readonly as: 'memory'; readonly input: AddInput }
  | { readonly as: 'turn'; readonly session: string; readonly message: MessageInput }
)

export interface Remark {
  readonly number: number
  readonly why: string
}

/** A line that was refused. */
export interface BadLine extends Remark {
  readonly code: MemkeepErrorCode
}

/** What a whole file asks to be stored. */
export interface Plan {
  readonly unit: 'line' | 'message'
  /** Of the file's bytes, in hexadecimal. */
  readonly digest: string
  /** How a stored memory is known again: by the file and line in its source and what is said there, or by all that an export says of it. */
  readonly knownBy: 'source' | 'content'
  readonly planned: readonly Planned[]
  readonly bad: readonly BadLine[]
  /** Well-formed, with nothing in it to store. */
  readonly skipped: readonly Remark[]
  /** How many are stored without a part of what their line holds: calls, images, names of sources or speakers. */
  readonly cut: number
  /** How many are trusted less than the export says. */
  readonly lowered: number
}

/** What a memory of this file and line carries as its `source`: by it a later import knows the line again. */
export function sourceOf(digest: string, number: number): string {
  return `import:sha256-${digest}:${number}`
}

/**
 * What a stored memory has in common with its line in an export: all but ids, lineage, trust, versions, times of storing, when it
 * ends (an episode's end is the deployment's, and is gone once upkeep keeps it), and sensitivity, which goes for every version when it is changed.
 */
export function contentIdentity(memory: Identifying): string {
  const { content, actor, kind, tags, source, agent, session, at } = memory
  const told = [content, actor, kind, [...new Set(tags)], sorted(memory.metadata), source, agent, session]
  return digestOf([...told, withinYears(at).getTime()])
}

/** The same with the line of another file: its source, which whoever writes may give to what he likes, so also who says what there. */
export function sourceIdentity({ source, actor, content }: Pick<Memory, 'source' | 'actor' | 'content'>): string {
  return digestOf([source, actor, content])
}

function digestOf(identity: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('base64')
}

type Identifying = Pick<
  Memory,
  'content' | 'actor' | 'kind' | 'tags' | 'metadata' | 'source' | 'agent' | 'session' | 'at'
>

/** The same value with every object as its keys in order and what they hold. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return { entries: entries.map(([key, item]) => [key, sorted(item)]) }
}
