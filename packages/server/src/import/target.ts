import { type Keep, MemkeepError } from 'memkeep'
import type { Gate } from './gate-lines.ts'
import type { Planned } from './planned.ts'

export interface ImportTarget {
  readonly tenant: string
  /** Null: every line must name its own. */
  readonly subject: string | null
  /** Null: a line's own; for messages one that is made of the file's digest. */
  readonly session: string | null
}

/** Of a keep: the tools that it has registered, and the time by its clock. */
export type Deployment = Pick<Keep, 'tools' | 'now'>

/** Throws for what the kernel would refuse of a line, but for the gate, which is asked for all lines of a file at once. */
export type Check = (planned: Planned) => Promise<void>

/** What a file is held against before anything of it is stored. */
export interface Checks {
  readonly line: Check
  readonly gate: Gate
}

/** Whom a line is about, of what it names and `--subject`. Throws `ERR_INPUT_INVALID` when they disagree or say nothing. */
export function subjectOf(named: string | null, target: ImportTarget): string {
  if (named !== null && target.subject !== null && named !== target.subject) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'names another subject than --subject')
  }
  const subject = named ?? target.subject
  if (subject === null) throw new MemkeepError('ERR_INPUT_INVALID', 'names no subject, and --subject is not given')
  return subject
}
