import { MemkeepError } from '../core/errors.ts'
import { DigestRows } from './digest-rows.ts'
import { type Filter, passes } from './filter.ts'
import { Postings } from './postings.ts'
import type { Query } from './rank.ts'
import type { Shelf, ShelfEntry } from './shelf.ts'
import { queryStems } from './stemmed.ts'
import { Talks } from './talks.ts'
import { VectorBlock } from './vector-block.ts'

/** What an operation reads of shelves: the rows that pass, and with a query how well each answers. */
export interface Interest {
  readonly filter: Filter
  readonly query: Query | null
}

/** What ranking and listing read of a shelf. */
export type RankedShelf = Pick<
  Shelf,
  | 'size'
  | 'get'
  | 'slots'
  | 'at'
  | 'lengthAt'
  | 'length'
  | 'hasExpired'
  | 'postings'
  | 'languages'
  | 'talks'
  | 'entries'
> & { readonly blocks: readonly Pick<VectorBlock, 'model' | 'dims' | 'has' | 'cosines'>[] }

/**
 * Of one or more shelves what one operation needs: for each row that passes its filter the labels, the length, how often
 * each word of the query stands in it, and its cosine with the query. About a hundred bytes a row, where a shelf takes thousands.
 * `rank` and `newestFirst` answer with it as with the shelves themselves, for that operation's filter and query and no other:
 * they look at no row that the filter hides, and at no word that was not asked for.
 */
export class ShelfDigest implements RankedShelf {
  readonly #interest: Interest
  readonly #rows = new DigestRows()
  readonly #postings = new Map<string | null, Map<string, Postings>>()
  readonly #talks = new Talks((slot) => this.at(slot))
  #length = 0

  constructor(interest: Interest) {
    this.#interest = interest
  }

  /**
   * The same id never twice. Throws `ERR_EMBEDDER_MISMATCH` when the query has a vector and an entry, which passes, has one of
   * another model.
   */
  add(entries: readonly ShelfEntry[]): void {
    const { filter, query } = this.#interest
    const passing = entries.filter((entry) => passes(entry, filter))
    const cosines = cosinesOf(passing, query)
    for (const [place, entry] of passing.entries()) this.#add(entry, cosines[place]!)
  }

  get size(): number {
    return this.#rows.size
  }

  /** Looks at every row. */
  get(id: string): ShelfEntry | undefined {
    for (const entry of this.entries()) if (entry.id === id) return entry
    return undefined
  }

  get slots(): number {
    return this.#rows.size
  }

  /** Its terms and its vector are not there, and of its tags those that were asked for. */
  at(slot: number): ShelfEntry {
    return this.#rows.entry(slot, this.#interest.filter.tags ?? [])
  }

  *entries(): Iterable<ShelfEntry> {
    for (let slot = 0; slot < this.size; slot++) yield this.at(slot)
  }

  lengthAt(slot: number): number {
    return this.#rows.lengthAt(slot)
  }

  get length(): number {
    return this.#length
  }

  /** What had expired at the time of the filter is not there. */
  hasExpired(): boolean {
    return false
  }

  postings(term: string, language: string | null): Postings | undefined {
    const postings = this.#postings.get(language)?.get(term)
    return postings?.size ? postings : undefined
  }

  get languages(): Iterable<string | null> {
    return this.#postings.keys()
  }

  get talks(): Talks {
    this.#talks.sort()
    return this.#talks
  }

  /** Knows the cosine of one query alone: that of its interest. */
  get blocks(): RankedShelf['blocks'] {
    const { query } = this.#interest
    if (query === null || query.vector === null) return []
    const { model, vector } = query
    const has = (slot: number) => !Number.isNaN(this.#rows.cosineAt(slot))
    const cosines: VectorBlock['cosines'] = (_query, selection, _sure, slots) =>
      Float64Array.from({ length: slots }, (_, slot) => (selection.has(slot) ? this.#rows.cosineAt(slot) : Number.NaN))
    return [{ model, dims: vector.length, has, cosines }]
  }

  /** Estimate of what it takes in memory. */
  get bytes(): number {
    let total = 2000 + this.#rows.bytes + this.#talks.bytes
    for (const terms of this.#postings.values()) for (const { pairs } of terms.values()) total += 300 + pairs.byteLength
    return total
  }

  #add(entry: ShelfEntry, cosine: number): void {
    const slot = this.#rows.size
    const { terms, language, session } = entry.index
    let length = 0
    for (const count of terms.values()) length += count
    this.#rows.add(entry, { length, cosine })
    this.#length += length
    for (const [term, postings] of this.#asked(language)) {
      const count = terms.get(term)
      if (count !== undefined) postings.add(slot, count)
    }
    if (session !== null) this.#talks.put(sessionOf(entry), slot)
  }

  /** The query's words, as they stand in rows of that language. */
  #asked(language: string | null): ReadonlyMap<string, Postings> {
    const found = this.#postings.get(language)
    if (found) return found
    const { query } = this.#interest
    const known = language === null ? null : (query?.languages?.language(language) ?? null)
    const asked = new Map<string, Postings>()
    for (const term of queryStems(query?.terms.keys() ?? [], known).values()) asked.set(term, new Postings(term))
    this.#postings.set(language, asked)
    return asked
  }
}

/** Sessions of one name on two shelves are two: digests hold rows of several. */
function sessionOf({ subjectTag, index }: ShelfEntry): string {
  return `${subjectTag}/${index.session}`
}

/** To the last bit those that a shelf's own block of vectors has for its best rows. */
function cosinesOf(entries: readonly ShelfEntry[], query: Query | null): Float64Array {
  const none = new Float64Array(entries.length).fill(Number.NaN)
  if (query === null || query.vector === null) return none
  const block = new VectorBlock(query.model, query.vector.length)
  for (const [place, { index }] of entries.entries()) {
    if (index.vector === null) continue
    if (index.model !== block.model || index.vector.length !== block.dims) {
      throw new MemkeepError('ERR_EMBEDDER_MISMATCH', 'memories were embedded by another model: embed them again')
    }
    block.put(place, index.vector)
  }
  if (entries.length === 0) return none
  return block.cosines(query.vector, { has: (place) => block.has(place) }, entries.length, entries.length)
}
