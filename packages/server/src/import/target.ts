import { type Keep, MemkeepError } from 'memkeep'
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

/** Throws for what the kernel would refuse. */
export type Check = (planned: Planned) => Promise<void>

/** Whom a line is about, of what it names and `--subject`. Throws `ERR_INPUT_INVALID` when they disagree or say nothing. */
export function subjectOf(named: string | null, target: ImportTarget): string {
  if (named !== null && target.subject !== null && named !== target.subject) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'names another subject than --subject')
  }
  const subject = named ?? target.subject
  if (subject === null) throw new MemkeepError('ERR_INPUT_INVALID', 'names no subject, and --subject is not given')
  return subject
}
