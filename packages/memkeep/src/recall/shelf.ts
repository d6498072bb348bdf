import type { Sensitivity, Trust } from '../core/labels.ts'
import type { IndexEntry } from './index-entry.ts'
import { Postings } from './postings.ts'
import { ShelvedIndex } from './shelved-index.ts'
import { Talks } from './talks.ts'
import { VectorBlock } from './vector-block.ts'

/** One memory as a search sees it. Times in milliseconds since the Unix epoch. */
export interface ShelfEntry {
  readonly id: string
  /** Hex. */
  readonly subjectTag: string
  readonly version: number
  readonly kind: string
  readonly trust: Trust
  readonly sensitivity: Sensitivity
  readonly createdAtMs: number
  readonly atMs: number
  readonly expiresAtMs: number | null
  /** Of one that was superseded by what is trusted less by now: the line above which alone it passes. */
  readonly standsAbove?: Trust
  readonly index: IndexEntry
}

interface Row extends ShelfEntry {
  readonly index: ShelvedIndex
}

/**
 * The searchable entries of one subject, or of a tenant's common memories, that one clearance may see. Every row stands
 * in a slot, a small whole number that is used again after the row has left; the tables that ranking reads are arrays by
 * slot. Not safe to change while `entries()` is being walked.
 */
export class Shelf {
  /** The shelf's version as the database has it, when these were its entries. */
  version: number
  readonly #slots = new Map<string, number>()
  readonly #rows: (Row | null)[] = []
  readonly #free: number[] = []
  /** By language, then by term: one word of two languages is two terms. */
  readonly #postings = new Map<string | null, Map<string, Postings>>()
  readonly #blocks: VectorBlock[] = []
  readonly #talks = new Talks((slot) => this.#rows[slot]!)
  /** Length in terms, by slot. */
  #lengths = new Float64Array(8)
  #length = 0
  /** How many rows pass above a line alone. */
  #superseded = 0
  /** No row expires before; it may be too early where rows have left. */
  #firstExpiry = Number.POSITIVE_INFINITY
  #bytes = 2000

  constructor(version = 0) {
    this.version = version
  }

  /** Adds an entry, in the place of the one with the same id if there is one. Keeps no reference to its terms or vector. */
  put(entry: ShelfEntry): void {
    this.remove(entry.id)
    const slot = this.#free.pop() ?? this.#rows.length
    if (slot === this.#lengths.length) this.#grow()
    const row = { ...entry, index: this.#shelve(entry.index, slot) }
    this.#rows[slot] = row
    this.#slots.set(entry.id, slot)
    if (row.index.session !== null) this.#talks.put(row.index.session, slot)
    this.#firstExpiry = Math.min(this.#firstExpiry, expiryOf(entry))
    if (row.standsAbove !== undefined) this.#superseded++
    this.#bytes += rowBytes(row)
  }

  /** Does nothing when there is no such entry. */
  remove(id: string): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    const row = this.#rows[slot]!
    this.#bytes -= rowBytes(row)
    if (row.standsAbove !== undefined) this.#superseded--
    if (row.index.session !== null) this.#talks.remove(row.index.session, slot)
    const { postings, length } = row.index.leave()
    for (const entry of postings) {
      this.#bytes -= perPosting
      if (entry.size === 0) this.#drop(entry, row.index.language)
    }
    this.#length -= length
    this.#rows[slot] = null
    this.#slots.delete(id)
    this.#free.push(slot)
  }

  get(id: string): ShelfEntry | undefined {
    const slot = this.#slots.get(id)
    return slot === undefined ? undefined : this.#rows[slot]!
  }

  *entries(): Iterable<ShelfEntry> {
    for (const slot of this.#slots.values()) yield this.#rows[slot]!
  }

  get size(): number {
    return this.#slots.size
  }

  /** Estimate of what the shelf takes in memory. Approximate by design, and cheap to ask for. */
  get bytes(): number {
    let total = this.#bytes + this.#lengths.byteLength + this.#talks.bytes
    for (const block of this.#blocks) total += block.bytes
    return total
  }

  // What follows is for ranking.

  /** Every slot in use is below it. */
  get slots(): number {
    return this.#rows.length
  }

  /** Null for a slot that is free. */
  at(slot: number): ShelfEntry | null {
    return this.#rows[slot]!
  }

  /** Length in terms of the row in a slot that is in use. */
  lengthAt(slot: number): number {
    return this.#lengths[slot]!
  }

  /** Lengths in terms of all rows together. */
  get length(): number {
    return this.#length
  }

  /** True when a row passes above a line alone. */
  get hasSuperseded(): boolean {
    return this.#superseded > 0
  }

  /** True when a row has expired and is still here. */
  hasExpired(nowMs: number): boolean {
    if (nowMs < this.#firstExpiry) return false
    this.#firstExpiry = Number.POSITIVE_INFINITY
    for (const row of this.#rows) if (row) this.#firstExpiry = Math.min(this.#firstExpiry, expiryOf(row))
    return nowMs >= this.#firstExpiry
  }

  /** Of the rows in that language; null: of those whose words are taken as they are. */
  postings(term: string, language: string | null): Postings | undefined {
    return this.#postings.get(language)?.get(term)
  }

  /** The languages of its rows, null among them where there are rows without one. */
  get languages(): Iterable<string | null> {
    return this.#postings.keys()
  }

  /** Which rows stand beside which in a session. */
  get talks(): Talks {
    this.#talks.sort()
    return this.#talks
  }

  /** One for each model and dimension there is. */
  get blocks(): readonly VectorBlock[] {
    return this.#blocks
  }

  #shelve(index: IndexEntry, slot: number): ShelvedIndex {
    const postings: Postings[] = []
    let length = 0
    const terms = this.#termsIn(index.language)
    for (const [term, count] of index.terms) {
      const entry = terms.get(term) ?? this.#open(term, terms)
      entry.add(slot, count)
      postings.push(entry)
      length += count
    }
    this.#bytes += postings.length * perPosting
    this.#lengths[slot] = length
    this.#length += length
    const block = index.vector && this.#block(index.model, index.vector.length)
    block?.put(slot, index.vector!)
    const former = index.former ? this.#block(index.former.model, index.former.vector.length) : null
    former?.put(slot, index.former!.vector)
    return new ShelvedIndex(index, slot, postings, { own: block, former })
  }

  #termsIn(language: string | null): Map<string, Postings> {
    const found = this.#postings.get(language)
    if (found) return found
    const terms = new Map<string, Postings>()
    this.#postings.set(language, terms)
    return terms
  }

  #open(term: string, terms: Map<string, Postings>): Postings {
    const entry = new Postings(term)
    terms.set(term, entry)
    this.#bytes += perTerm + 2 * term.length
    return entry
  }

  #drop(entry: Postings, language: string | null): void {
    const terms = this.#postings.get(language)!
    terms.delete(entry.term)
    if (terms.size === 0) this.#postings.delete(language)
    this.#bytes -= perTerm + 2 * entry.term.length
  }

  #block(model: string | null, dims: number): VectorBlock {
    const found = this.#blocks.find((block) => block.model === model && block.dims === dims)
    if (found) return found
    const block = new VectorBlock(model, dims)
    this.#blocks.push(block)
    return block
  }

  #grow(): void {
    const lengths = new Float64Array(this.#lengths.length * 2)
    lengths.set(this.#lengths)
    this.#lengths = lengths
  }
}

function expiryOf(entry: ShelfEntry): number {
  return entry.expiresAtMs ?? Number.POSITIVE_INFINITY
}

/** Measured on Node 24: a term with its first posting; one posting and the reference to it. */
const perTerm = 330
const perPosting = 20

function rowBytes(row: Row): number {
  const { id, subjectTag, kind, index } = row
  let chars = id.length + subjectTag.length + kind.length + (index.agent?.length ?? 0) + (index.session?.length ?? 0)
  for (const tag of index.tags) chars += tag.length + 16
  return 750 + chars * 2
}
