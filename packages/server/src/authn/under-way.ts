/** Counts what is under way by name. */
export class UnderWay {
  readonly #most: number
  readonly #counts = new Map<string, number>()

  /** `most`: of one name at once. */
  constructor(most: number) {
    this.#most = most
  }

  /** Begins one; what it returns ends it, once, however often it is called. Null when as many are under way as may be. */
  begin(name: string): (() => void) | null {
    const count = this.#counts.get(name) ?? 0
    if (count >= this.#most) return null
    this.#counts.set(name, count + 1)
    let ended = false
    return () => {
      if (ended) return
      ended = true
      const left = this.#counts.get(name)! - 1
      if (left === 0) this.#counts.delete(name)
      else this.#counts.set(name, left)
    }
  }
}
