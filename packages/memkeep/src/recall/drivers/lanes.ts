/** Lets at most `count` calls run at a time; the others wait their turn, first come first served. */
export class Lanes {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Runs `work` in a lane. One that is aborted while it waits rejects with the signal's reason and never runs. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return
    }
    const turn = Promise.withResolvers<void>()
    const onAbort = (): void => {
      const place = this.#waiting.indexOf(turn.resolve)
      if (place === -1) return
      this.#waiting.splice(place, 1)
      turn.reject(signal?.reason)
    }
    this.#waiting.push(turn.resolve)
    signal?.addEventListener('abort', onAbort, { once: true })
    await turn.promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }
}
