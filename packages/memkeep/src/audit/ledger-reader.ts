import type { NoteKey } from '../proof/note-key.ts'
import type { DetailKeys } from './event-opener.ts'

/** One log, while a call reads it. */
export interface OpenLog {
  /** Of whose log it is, 16 bytes. */
  readonly tag: Buffer
  /** What opens details under the tenant's own keys and its subjects'; null: they are gone. */
  readonly keys: DetailKeys | null
  /** Whether all of the log is in reach, and not the events of one subject, or of none. */
  readonly wide: boolean
  /** Calls one of the doorways that read a log, with what follows the token but for the detail; `more` comes behind that. Rows with their outcome. */
  call<Row extends object>(doorway: string, args: readonly unknown[], more?: readonly unknown[]): Promise<Row[]>
  /** Names the subjects of these rows, as far as whoever reads may know them. */
  names(rows: readonly { readonly subject: Buffer | null }[]): Promise<(subject: Buffer) => string | null>
}

/** By whom a log is read: a scope, or a grant. */
export interface LedgerReader {
  /** Runs one call; anew, when what it was made ready with turns out to be out of date. */
  read<T>(work: (log: OpenLog) => Promise<T>): Promise<T>
  /** For work of many calls: whoever begins it in time may end it. Throws what a call would. */
  begin(): LedgerReader
}

/** The keys of logs as they are known outside the database, and those that all logs of the deployment share. */
export interface LogKeys {
  logKey(tag: Buffer, line: number): Promise<{ readonly vkey: string; readonly noteKey: NoteKey }>
  logLine(): Promise<number>
  deploymentLogTag(): Promise<Buffer>
  deployment(): Promise<DetailKeys>
}
