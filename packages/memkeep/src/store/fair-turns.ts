import { MemkeepError } from '../core/errors.ts'

/** Of one connection in so many, none is ever left to the others by who has the rest. */
const oneInPlaces = 5

/**
 * Turns at the connections of a pool, which all tenants share. A free one goes to the tenant that holds fewest, of those to whoever has waited longest; and one tenant never holds
 * all: a fifth (rounded down) stays for the others. Else the slow calls of one (writes of one subject wait for each other) would hold every connection, and
 * the others would wait behind all that it asked for.
 */
export class FairTurns {
  readonly #mostOfOne: number
  readonly #waitMs: number
  #free: number
  readonly #held = new Map<string, number>()
  /** In the order in which tenants began to wait, or were last served. */
  readonly #waiting = new Map<string, (() => void)[]>()

  /** `waitMs`: how long a call may wait for its turn; 0: as long as it takes. */
  constructor(places: number, waitMs: number) {
    this.#free = places
    this.#mostOfOne = places - Math.floor(places / oneInPlaces)
    this.#waitMs = waitMs
  }

  /** Waits for a turn of this tenant; what it returns is called, once, when the turn is over. Throws `ERR_STORE_UNAVAILABLE` when it waited too long. */
  async take(tenant: string): Promise<() => void> {
    // Whoever waits cannot go: there is no place, or its tenant has as many as one may have.
    if (!this.#mayGo(tenant)) await this.#turn(tenant)
    else this.#hold(tenant)
    return () => {
      this.#free++
      const left = this.#held.get(tenant)! - 1
      if (left === 0) this.#held.delete(tenant)
      else this.#held.set(tenant, left)
      this.#next()
    }
  }

  #mayGo(tenant: string): boolean {
    return this.#free > 0 && this.#heldBy(tenant) < this.#mostOfOne
  }

  #heldBy(tenant: string): number {
    return this.#held.get(tenant) ?? 0
  }

  #hold(tenant: string): void {
    this.#free--
    this.#held.set(tenant, this.#heldBy(tenant) + 1)
  }

  #turn(tenant: string): Promise<void> {
    const queue = this.#waiting.get(tenant) ?? []
    this.#waiting.set(tenant, queue)
    return new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(late)
        resolve()
      }
      const giveUp = (): void => {
        queue.splice(queue.indexOf(go), 1)
        if (queue.length === 0) this.#waiting.delete(tenant)
        reject(new MemkeepError('ERR_STORE_UNAVAILABLE', 'no connection to the database was free', { retryable: true }))
      }
      const late = this.#waitMs === 0 ? undefined : setTimeout(giveUp, this.#waitMs)
      queue.push(go)
    })
  }

  /** Gives what is free to whoever is next. */
  #next(): void {
    let next: string | null = null
    for (const tenant of this.#waiting.keys()) {
      if (this.#mayGo(tenant) && (next === null || this.#heldBy(tenant) < this.#heldBy(next))) next = tenant
    }
    if (next === null) return
    const queue = this.#waiting.get(next)!
    const go = queue.shift()!
    this.#waiting.delete(next)
    if (queue.length > 0) this.#waiting.set(next, queue)
    this.#hold(next)
    go()
  }
}
