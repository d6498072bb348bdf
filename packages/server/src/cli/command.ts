/** One command: what it is called, what help says of it, and what it does. */
export interface Command {
  /** One word or two. */
  readonly name: string
  /** What follows the name. */
  readonly takes: string
  /** One line. */
  readonly does: string
  /** More lines for `memkeep help NAME`. */
  readonly notes: readonly string[]
  /** Returns the exit code: 0 done, 1 refused or failed. Throws `UsageError` on a bad command line. */
  readonly run: (args: readonly string[]) => Promise<number>
}
