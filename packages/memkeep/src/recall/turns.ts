import { heeding } from './heeding.ts'

interface Waiting {
  readonly name: string
  readonly begin: () => void
}

/** Lets few pieces of work run at a time, and one of each name, in the order in which they came as far as that allows. */
export class Turns {
  readonly #atOnce: number
  readonly #running = new Set<string>()
  readonly #waiting = new Set<Waiting>()

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Throws `ERR_ABORTED` when `signal` is aborted before the turn has come, and what `run` throws. */
  async take<T>(name: string, run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = Promise.withResolvers<void>()
    const waiting: Waiting = { name, begin: turn.resolve }
    this.#waiting.add(waiting)
    this.#next()
    try {
      await heeding(turn.promise, signal)
      return await run()
    } finally {
      // Still in the queue: aborted before its turn. Else the turn was taken, and ends.
      if (!this.#waiting.delete(waiting)) this.#running.delete(name)
      this.#next()
    }
  }

  #next(): void {
    for (const waiting of this.#waiting) {
      if (this.#running.size >= this.#atOnce) return
      if (this.#running.has(waiting.name)) continue
      this.#waiting.delete(waiting)
      this.#running.add(waiting.name)
      waiting.begin()
    }
  }
}
