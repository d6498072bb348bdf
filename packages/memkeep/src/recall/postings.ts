/** Which slots of a shelf hold one term, and how often. In no order. */
export class Postings {
  readonly term: string
  /** Slot, count, slot, count, ...; only the first `2 * size` numbers count. Replaced when it grows. */
  pairs = new Uint32Array(2)
  size = 0

  constructor(term: string) {
    this.term = term
  }

  /** The slot must not be there yet. */
  add(slot: number, count: number): void {
    const end = this.size * 2
    if (end === this.pairs.length) {
      const larger = new Uint32Array(end * 2)
      larger.set(this.pairs)
      this.pairs = larger
    }
    this.pairs[end] = slot
    this.pairs[end + 1] = count
    this.size++
  }

  /** Takes a slot out and answers its count; 0 when it was not there. */
  remove(slot: number): number {
    const { pairs } = this
    for (let at = 0; at < this.size * 2; at += 2) {
      if (pairs[at] !== slot) continue
      const count = pairs[at + 1]!
      const last = --this.size * 2
      pairs[at] = pairs[last]!
      pairs[at + 1] = pairs[last + 1]!
      return count
    }
    return 0
  }

  /** How often the term stands in the row at `slot`. */
  countAt(slot: number): number {
    for (let at = 0; at < this.size * 2; at += 2) if (this.pairs[at] === slot) return this.pairs[at + 1]!
    return 0
  }
}
