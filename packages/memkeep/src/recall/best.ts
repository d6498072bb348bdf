/** The best `limit` of all that are offered: a heap with the worst on top. `before` is negative when the first is better. */
export class Best<T> {
  readonly #limit: number
  readonly #before: (a: T, b: T) => number
  readonly #heap: T[] = []

  constructor(limit: number, before: (a: T, b: T) => number) {
    this.#limit = limit
    this.#before = before
  }

  /** The one that the next offer must beat; undefined while there is room. */
  get worst(): T | undefined {
    return this.#heap.length < this.#limit ? undefined : this.#heap[0]
  }

  offer(item: T): void {
    if (this.#heap.length < this.#limit) {
      this.#heap.push(item)
      this.#rise(this.#heap.length - 1)
    } else if (this.#limit > 0 && this.#before(item, this.#heap[0]!) < 0) {
      this.#heap[0] = item
      this.#sink()
    }
  }

  /** Best first. */
  sorted(): T[] {
    return [...this.#heap].sort(this.#before)
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (this.#before(this.#heap[at]!, this.#heap[parent]!) <= 0) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(): void {
    for (let at = 0; ; ) {
      let worst = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#before(this.#heap[child]!, this.#heap[worst]!) > 0) worst = child
      }
      if (worst === at) return
      this.#swap(at, worst)
      at = worst
    }
  }

  #swap(a: number, b: number): void {
    const item = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = item
  }
}
