import { MemkeepError } from '../core/errors.ts'
import { parseCheckpoint } from '../proof/checkpoint.ts'
import { parseNote } from '../proof/signed-note.ts'
import { KnownHeads } from './known-heads.ts'
import type { LogCaller } from './log-call.ts'
import { deploymentHead } from './witnessed-head.ts'

/** Passes come each minute: three of them. */
const leastMs = 150_000

/** Whether the deployment's log goes on: without it a witness sees nothing new, and no head of a tenant's is anchored. */
export class TickWatch {
  readonly #caller: LogCaller
  readonly #mostMs: number
  #made = false
  /** Since when no pass came to its tick, each having failed. */
  #failingSinceMs: number | null = null

  /** `mostMs`: for how long passes may fail one after another. */
  constructor(caller: LogCaller, mostMs: number) {
    this.#caller = caller
    this.#mostMs = Math.max(mostMs, leastMs)
  }

  /** A pass begins. */
  begin(): void {
    this.#made = false
  }

  /** Its tick was made, or none was due. */
  made(): void {
    this.#made = true
    this.#failingSinceMs = null
  }

  /** It ended with an error, of the tick, of what came before it, or of what came after. */
  ended(): void {
    if (!this.#made) this.#failingSinceMs ??= this.#caller.seams.clock.now()
  }

  /**
   * Throws `ERR_AUDIT_UNAVAILABLE` when this process's ticks have failed for too long, and nobody else makes any; `ERR_STORE_UNSAFE` when the log is not what
   * was signed. A tick that leaves one tenant's head out fails, and is one: the log says so by its newest leaf.
   */
  async check(): Promise<void> {
    const nowMs = this.#caller.seams.clock.now()
    if (this.#failingSinceMs === null || nowMs - this.#failingSinceMs <= this.#mostMs) return
    if (nowMs - (await this.#lastMs()) <= this.#mostMs) return
    throw new MemkeepError('ERR_AUDIT_UNAVAILABLE', "the deployment's log has not grown for too long", {
      retryable: true,
    })
  }

  /** When the newest leaf was made, by the clock of who made it. */
  async #lastMs(): Promise<number> {
    const { line, note } = await deploymentHead(this.#caller)
    if (note === null) return Number.NEGATIVE_INFINITY
    const tenant = await this.#caller.keyring.deploymentLogTag()
    const { size } = parseCheckpoint(parseNote(note).text)
    const leaf = await new KnownHeads(this.#caller).lastLeaf({ tenant, line, size, note })
    return (JSON.parse(leaf.toString('utf8')) as { at: number }).at
  }
}
