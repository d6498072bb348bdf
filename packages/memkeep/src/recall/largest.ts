/** The `count` largest, at least one, of the numbers offered, as far as one must know to tell which is the least of them. */
export class Largest {
  /** The smallest stands first, and none stands before two smaller ones: a heap. */
  readonly #heap: Float64Array
  /** The least of the `count` largest so far; -Infinity before so many were offered. */
  least = Number.NEGATIVE_INFINITY

  constructor(count: number) {
    this.#heap = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
  }

  /** NaN counts for nothing. */
  offer(value: number): void {
    if (!(value > this.least)) return
    const heap = this.#heap
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++
      if (heap[child]! >= value) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = value
    this.least = heap[0]!
  }
}
