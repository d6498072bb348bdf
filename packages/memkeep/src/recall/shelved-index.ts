import type { IndexEntry, ModelVector } from './index-entry.ts'
import type { Postings } from './postings.ts'
import type { VectorBlock } from './vector-block.ts'

/** Terms and vector of a row that has left its shelf. */
interface Kept {
  readonly terms: ReadonlyMap<string, number>
  readonly vector: Float32Array | null
  readonly former: ModelVector | undefined
}

/** Where a row's vectors stand. */
interface Blocks {
  readonly own: VectorBlock | null
  readonly former: VectorBlock | null
}

/**
 * The index entry of a row on a shelf. Its terms and its vector stand in the shelf's own tables only, and are read back
 * from there when asked for (slow: not for ranking). Once the row leaves the shelf it carries them itself, so that an
 * entry that was given out never shows what stands in its slot later.
 */
export class ShelvedIndex implements IndexEntry {
  readonly model: string | null
  readonly tags: readonly string[]
  readonly agent: string | null
  readonly session: string | null
  readonly language: string | null
  readonly importance: number | null
  readonly #slot: number
  #postings: readonly Postings[]
  #blocks: Blocks
  #kept: Kept | null = null

  constructor(index: IndexEntry, slot: number, postings: readonly Postings[], blocks: Blocks) {
    this.model = blocks.own?.model ?? index.model
    this.tags = index.tags
    this.agent = index.agent
    this.session = index.session
    this.language = index.language
    this.importance = index.importance
    this.#slot = slot
    this.#postings = postings
    this.#blocks = blocks
  }

  get terms(): ReadonlyMap<string, number> {
    if (this.#kept) return this.#kept.terms
    return new Map(this.#postings.map((postings) => [postings.term, postings.countAt(this.#slot)]))
  }

  get vector(): Float32Array | null {
    return this.#kept ? this.#kept.vector : (this.#blocks.own?.at(this.#slot) ?? null)
  }

  get former(): ModelVector | undefined {
    const { former } = this.#blocks
    return this.#kept
      ? this.#kept.former
      : former
        ? { model: former.model!, vector: former.at(this.#slot)! }
        : undefined
  }

  /** Takes the row out of the shelf's tables. Answers the postings that it stood in and its length in terms. */
  leave(): { postings: readonly Postings[]; length: number } {
    const terms = new Map<string, number>()
    const postings = this.#postings
    let length = 0
    for (const entry of postings) {
      const count = entry.remove(this.#slot)
      terms.set(entry.term, count)
      length += count
    }
    const former = this.former
    const { own, former: second } = this.#blocks
    second?.remove(this.#slot)
    this.#kept = { terms, vector: own?.remove(this.#slot) ?? null, former }
    this.#postings = []
    this.#blocks = { own: null, former: null }
    return { postings, length }
  }
}
