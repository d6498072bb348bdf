import type { ShelfEntry } from './shelf.ts'

/**
 * How much a row's age and importance count beside how well it answers: from 0 to 1,000, 0 unless given. One
 * standard deviation of the relevance of all rows is the unit.
 */
export interface Weights {
  /** What a row of this moment gains over one of long ago. */
  readonly recency?: number
  /** Days after which half of that is left; above 0. Default 30. */
  readonly halfLifeDays?: number
  /** What a row of importance 1 gains over one of 0. Where nobody said how important it is, that is a half. */
  readonly importance?: number
}

const day = 86_400_000

/** What weights give a row beside its relevance. */
export class Preference {
  /** No row gets more. */
  readonly most: number
  readonly #recency: number
  readonly #halfLife: number
  readonly #importance: number
  readonly #nowMs: number

  /** Null when nothing has a weight; then `unit` is not asked for. It is one standard deviation of the relevance. */
  static of(weights: Weights, nowMs: number, unit: () => number): Preference | null {
    const { recency = 0, halfLifeDays = 30, importance = 0 } = weights
    if (recency === 0 && importance === 0) return null
    const one = unit()
    return new Preference(one * recency, halfLifeDays * day, one * importance, nowMs)
  }

  private constructor(recency: number, halfLife: number, importance: number, nowMs: number) {
    this.#recency = recency
    this.#halfLife = halfLife
    this.#importance = importance
    this.#nowMs = nowMs
    this.most = recency + importance
  }

  recencyOf({ atMs }: ShelfEntry): number {
    return this.#recency * 2 ** (-Math.max(0, this.#nowMs - atMs) / this.#halfLife)
  }

  importanceOf({ index }: ShelfEntry): number {
    return this.#importance * (index.importance ?? 0.5)
  }
}
