import type { IndexEntry } from './index-entry.ts'
import type { Postings } from './postings.ts'
import type { VectorBlock } from './vector-block.ts'

/** Terms and vector of a row that has left its shelf. */
interface Kept {
  readonly terms: ReadonlyMap<string, number>
  readonly vector: Float32Array | null
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
  #block: VectorBlock | null
  #kept: Kept | null = null

  constructor(index: IndexEntry, slot: number, postings: readonly Postings[], block: VectorBlock | null) {
    this.model = block?.model ?? index.model
    this.tags = index.tags
    this.agent = index.agent
    this.session = index.session
    this.language = index.language
    this.importance = index.importance
    this.#slot = slot
    this.#postings = postings
    this.#block = block
  }

  get terms(): ReadonlyMap<string, number> {
    if (this.#kept) return this.#kept.terms
    return new Map(this.#postings.map((postings) => [postings.term, postings.countAt(this.#slot)]))
  }

  get vector(): Float32Array | null {
    return this.#kept ? this.#kept.vector : (this.#block?.at(this.#slot) ?? null)
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
    this.#kept = { terms, vector: this.#block?.remove(this.#slot) ?? null }
    this.#postings = []
    this.#block = null
    return { postings, length }
  }
}
