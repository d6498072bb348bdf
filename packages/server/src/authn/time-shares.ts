/** For how long a tenant counts as one that asks, in milliseconds after its last request. */
const recentMs = 1000
/** A request that takes longer waits for something else than this process: a provider, a lock, its own body. */
const longestTurnMs = 50
/** However many others ask, a tenant has one part of so many of the time. */
const mostParts = 8

/** Told whether it has the tenant's one turn; else there are turns for all. */
type Go = (one: boolean) => void

/**
 * Shares the time of this process among the tenants that ask for it. One that asks alone has all of it, as many requests at once as it likes. While others
 * ask too, its requests go one at a time, with pauses between them: it has its equal part of the time, or an eighth where that is less. Without this the
 * requests of one that come together would all be begun at once, and whatever another asks would stand behind the work of all of them.
 */
export class TimeShares {
  /** When each tenant asked last, the latest at the end. */
  readonly #asked = new Map<string, number>()
  /** Requests that wait, by tenants that have a turn, or pause after one. */
  readonly #waiting = new Map<string, Go[]>()

  /** Waits for a turn of this tenant; what it returns is called when the turn is over, once or more. It is over after 50 ms in any case. */
  async turn(tenant: string): Promise<() => void> {
    this.#asked.delete(tenant)
    const others = this.#others(tenant)
    this.#asked.set(tenant, performance.now())
    const waiting = this.#waiting.get(tenant)
    if (waiting !== undefined) {
      if (!(await new Promise<boolean>((go) => waiting.push(go)))) return () => {}
    } else if (others === 0) return () => {}
    else this.#waiting.set(tenant, [])
    return this.#begin(tenant)
  }

  #begin(tenant: string): () => void {
    const began = performance.now()
    let ended = false
    const over = (): void => {
      if (ended) return
      ended = true
      clearTimeout(late)
      // The others had as much each, or could have had.
      const parts = Math.min(this.#others(tenant), mostParts - 1)
      setTimeout(() => this.#next(tenant), (performance.now() - began) * parts)
    }
    const late = setTimeout(over, longestTurnMs)
    return over
  }

  #next(tenant: string): void {
    const waiting = this.#waiting.get(tenant)!
    const alone = this.#others(tenant) === 0
    if (alone || waiting.length === 0) this.#waiting.delete(tenant)
    if (alone) for (const go of waiting) go(false)
    else waiting.shift()?.(true)
  }

  /** How many other tenants asked a moment ago. */
  #others(tenant: string): number {
    const since = performance.now() - recentMs
    for (const [name, at] of this.#asked) {
      if (at > since) break
      this.#asked.delete(name)
    }
    return this.#asked.size - (this.#asked.has(tenant) ? 1 : 0)
  }
}
