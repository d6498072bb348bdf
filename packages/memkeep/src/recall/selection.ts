import { type Filter, narrows, passes } from './filter.ts'
import type { Shelf } from './shelf.ts'
import { nobody, type Talks } from './talks.ts'

/** The rows of one shelf that pass a filter. Ranking sees these and no others, in its statistics too. */
export class Selection {
  readonly shelf: Shelf
  readonly rows: number
  /** Lengths in terms of all of them together. */
  readonly length: number
  /** 1 for each slot whose row passes; null when every row does. */
  readonly #mask: Uint8Array | null = null
  readonly #talks: Talks

  constructor(shelf: Shelf, filter: Filter) {
    this.shelf = shelf
    this.#talks = shelf.talks
    if (!narrows(filter) && !shelf.hasExpired(filter.nowMs) && !shelf.hasSuperseded) {
      this.rows = shelf.size
      this.length = shelf.length
      return
    }
    const mask = new Uint8Array(shelf.slots)
    let rows = 0
    let length = 0
    for (let slot = 0; slot < mask.length; slot++) {
      const row = shelf.at(slot)
      if (row === null || !passes(row, filter)) continue
      mask[slot] = 1
      rows++
      length += shelf.lengthAt(slot)
    }
    this.#mask = mask
    this.rows = rows
    this.length = length
  }

  /** True when every row of the shelf passes. */
  get isWhole(): boolean {
    return this.#mask === null
  }

  /** Whether the row in a slot that is in use passes. */
  has(slot: number): boolean {
    return this.#mask === null || this.#mask[slot] === 1
  }

  /** True when any row may have a neighbour. */
  get hasTalks(): boolean {
    return !this.#talks.isEmpty
  }

  /** Slot of the selected row that stands before this one in its session, or `nobody`. Rows that do not pass are not there. */
  before(slot: number): number {
    let at = this.#talks.before(slot)
    while (at !== nobody && !this.has(at)) at = this.#talks.before(at)
    return at
  }

  /** As `before`, on the other side. */
  after(slot: number): number {
    let at = this.#talks.after(slot)
    while (at !== nobody && !this.has(at)) at = this.#talks.after(at)
    return at
  }
}
