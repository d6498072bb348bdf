import type { Clock } from '../core/clock.ts'

/** What is known of a reader goes after this time: its shelf may have been erased and begun anew elsewhere. */
const keptMs = 60_000
const mostReaders = 50_000

interface Noted {
  readonly trust: number
  readonly untilMs: number
}

/**
 * The lowest trust that each reader (a session, or a principal without one) is known to be noted with in the database, so that only a fall
 * is written there. Forgetting it costs one write, and loses nothing.
 */
export class NotedTrust {
  readonly #clock: Clock
  readonly #noted = new Map<string, Noted>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True when something of that trust is lower than all that is known to be noted. */
  isFall(reader: string, trust: number): boolean {
    const known = this.#noted.get(reader)
    return known === undefined || known.untilMs <= this.#clock.now() || trust < known.trust
  }

  set(reader: string, trust: number): void {
    this.#noted.delete(reader)
    this.#noted.set(reader, { trust, untilMs: this.#clock.now() + keptMs })
    if (this.#noted.size > mostReaders) this.#noted.delete(this.#noted.keys().next().value!)
  }
}
