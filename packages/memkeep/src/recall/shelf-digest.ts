import { embeddedByAnother } from './cosine.ts'
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
  | 'hasSuperseded'
  | 'postings'
  | 'languages'
  | 'talks'
  | 'entries'
> & { readonly blocks: readonly Pick<VectorBlock, 'model' | 'dims' | 'has' | 'near'>[] }

/**
 * Of one or more shelves what one operation needs: for each row that passes its filter the labels, the length, how often
 * each word of the query stands in it, and its cosine with the query. About a hundred bytes a row, where a shelf takes thousands.
 * `rank` and `newestFirst` answer with it as with the shelves themselves, for that operation's filter and query and no other:
 * they look at no row that the filter hides, and at no word that was not asked for.
 */
export class ShelfDigest implements RankedShelf {
  readonly #interest: Interest
  readonly #rows = new DigestRows()
  /** With the vector of the query's own model, by slot; NaN where there is none. */
  readonly #own: Cosines = { rough: [], values: [] }
  /** With that of the former model; empty when the query has none. */
  readonly #former: Cosines = { rough: [], values: [] }
  readonly #postings = new Map<string | null, Map<string, Postings>>()
  readonly #talks = new Talks((slot) => this.at(slot)!)
  #length = 0

  constructor(interest: Interest) {
    this.#interest = interest
  }

  /**
   * The same id again only after `remove`. Throws `ERR_EMBEDDER_MISMATCH` when the query has a vector and an entry, which passes, has one,
   * but none of a model that the query asks with.
   */
  add(entries: readonly ShelfEntry[]): void {
    const { filter, query } = this.#interest
    const passing = entries.filter((entry) => passes(entry, filter))
    const near = cosinesOf(passing, query)
    for (const [place, entry] of passing.entries()) {
      putCosine(this.#own, near.own, place)
      if (near.former !== null) putCosine(this.#former, near.former, place)
      this.#add(entry)
    }
  }

  /** Takes out the rows with these ids, as far as there are any: before they are added as they stand now. */
  remove(ids: readonly string[]): void {
    if (ids.length === 0) return
    for (const slot of this.#rows.find(ids)) {
      const row = this.at(slot)!
      if (row.index.session !== null) this.#talks.remove(sessionOf(row), slot)
      for (const postings of this.#asked(row.index.language).values()) postings.remove(slot)
      this.#length -= this.#rows.lengthAt(slot)
      for (const { rough, values } of [this.#own, this.#former]) {
        if (values.length > 0) rough[slot] = values[slot] = Number.NaN
      }
      this.#rows.remove(slot)
    }
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
    return this.#rows.slots
  }

  /** Null where a row was taken out. Its terms and its vector are not there, and of its tags those that were asked for. */
  at(slot: number): ShelfEntry | null {
    return this.#rows.isGone(slot) ? null : this.#rows.entry(slot, this.#interest.filter.tags ?? [])
  }

  *entries(): Iterable<ShelfEntry> {
    for (let slot = 0; slot < this.slots; slot++) {
      const entry = this.at(slot)
      if (entry !== null) yield entry
    }
  }

  lengthAt(slot: number): number {
    return this.#rows.lengthAt(slot)
  }

  get length(): number {
    return this.#length
  }

  /** What the line of the filter hides is not there, and what it does not is as any other. */
  get hasSuperseded(): boolean {
    return false
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
    const own = answered(query.model, query.vector, this.#own)
    if (query.former === undefined) return [own]
    return [own, answered(query.former.model, query.former.vector, this.#former)]
  }

  /** Estimate of what it takes in memory. */
  get bytes(): number {
    let total =
      2000 + this.#rows.bytes + this.#talks.bytes + 16 * (this.#own.values.length + this.#former.values.length)
    for (const terms of this.#postings.values()) for (const { pairs } of terms.values()) total += 300 + pairs.byteLength
    return total
  }

  #add(entry: ShelfEntry): void {
    const slot = this.#rows.slots
    const { terms, language, session } = entry.index
    let length = 0
    for (const count of terms.values()) length += count
    this.#rows.add(entry, length)
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

/** By slot, or by place among entries; NaN where there is none. */
interface Cosines {
  /** By the high bytes alone. */
  readonly rough: number[]
  /** Of all 16 bits. */
  readonly values: number[]
}

function putCosine(cosines: Cosines, from: Cosines, place: number): void {
  cosines.rough.push(from.rough[place]!)
  cosines.values.push(from.values[place]!)
}

/** A block of vectors that knows its answer already. */
function answered(
  model: string | null,
  { length: dims }: Float32Array,
  { rough, values }: Cosines,
): RankedShelf['blocks'][number] {
  const has = (slot: number) => !Number.isNaN(values[slot])
  const near: VectorBlock['near'] = (_query, selection, slots) => {
    const selected = (all: readonly number[]) =>
      Float64Array.from({ length: slots }, (_, slot) => (selection.has(slot) ? all[slot]! : Number.NaN))
    return { rough: selected(rough), values: selected(values), errors: null, reach: 0, sharpen: () => {} }
  }
  return { model, dims, has, near }
}

/** `former` is null when the query does not ask with a former model. */
interface AllCosines {
  readonly own: Cosines
  readonly former: Cosines | null
}

/** To the last bit those that a shelf's own block of vectors has. */
function cosinesOf(entries: readonly ShelfEntry[], query: Query | null): AllCosines {
  const own = cosinesWith(entries, query?.model ?? null, query?.vector ?? null)
  const former = query?.former ? cosinesWith(entries, query.former.model, query.former.vector) : null
  if (query !== null && query.vector !== null) {
    const left = entries.some(
      ({ index }, place) =>
        index.vector !== null && Number.isNaN(own.values[place]) && Number.isNaN(former?.values[place] ?? Number.NaN),
    )
    if (left) throw embeddedByAnother()
  }
  return { own, former }
}

function cosinesWith(entries: readonly ShelfEntry[], model: string | null, query: Float32Array | null): Cosines {
  if (query === null || entries.length === 0) {
    const none = entries.map(() => Number.NaN)
    return { rough: none, values: none }
  }
  const block = new VectorBlock(model, query.length)
  for (const [place, { index }] of entries.entries()) {
    const { former } = index
    if (index.vector !== null && index.model === model && index.vector.length === query.length) {
      block.put(place, index.vector)
    } else if (former?.model === model && former?.vector.length === query.length) block.put(place, former.vector)
  }
  const near = block.near(query, { has: (place) => block.has(place) }, entries.length)
  const rough = [...near.rough]
  near.sharpen([...entries.keys()])
  return { rough, values: [...near.values] }
}
