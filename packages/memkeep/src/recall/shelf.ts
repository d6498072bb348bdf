import type { Sensitivity, Trust } from '../core/labels.ts'
import type { IndexEntry } from './index-entry.ts'
import { Postings } from './postings.ts'
import { ShelvedIndex } from './shelved-index.ts'
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
  readonly index: IndexEntry
}

interface Row extends ShelfEntry {
  readonly index: ShelvedIndex
}

/** How many rows of a shelf have not expired, and their lengths in terms together. */
export interface Census {
  readonly rows: number
  readonly length: number
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
  readonly #postings = new Map<string, Postings>()
  readonly #blocks: VectorBlock[] = []
  /** Length in terms, and when the row expires: never is Infinity, and -Infinity where there is no row. By slot. */
  #lengths = new Float64Array(8)
  #expiries = new Float64Array(8)
  #length = 0
  /** No row expires before. */
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
    this.#expiries[slot] = entry.expiresAtMs ?? Number.POSITIVE_INFINITY
    this.#firstExpiry = Math.min(this.#firstExpiry, this.#expiries[slot]!)
    this.#bytes += rowBytes(row)
  }

  /** Does nothing when there is no such entry. */
  remove(id: string): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    const row = this.#rows[slot]!
    this.#bytes -= rowBytes(row)
    const { postings, length } = row.index.leave()
    for (const entry of postings) {
      this.#bytes -= perPosting
      if (entry.size === 0) this.#drop(entry)
    }
    this.#length -= length
    this.#expiries[slot] = Number.NEGATIVE_INFINITY
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
    let total = this.#bytes + this.#lengths.byteLength + this.#expiries.byteLength
    for (const block of this.#blocks) total += block.bytes
    return total
  }

  // What follows is for ranking.

  /** Every slot in use is below it. */
  get slots(): number {
    return this.#rows.length
  }

  /** The entry in a slot that is in use. */
  at(slot: number): ShelfEntry {
    return this.#rows[slot]!
  }

  /** True when the slot is in use and its row has not expired. */
  isLive(slot: number, nowMs: number): boolean {
    return this.#expiries[slot]! > nowMs
  }

  /** Length in terms of the row in a slot that is in use. */
  lengthAt(slot: number): number {
    return this.#lengths[slot]!
  }

  /** True when no row has expired: then every slot of every posting is live. */
  isFresh(nowMs: number): boolean {
    return nowMs < this.#firstExpiry
  }

  postings(term: string): Postings | undefined {
    return this.#postings.get(term)
  }

  /** One for each model and dimension there is. */
  get blocks(): readonly VectorBlock[] {
    return this.#blocks
  }

  census(nowMs: number): Census {
    if (this.isFresh(nowMs)) return { rows: this.size, length: this.#length }
    let rows = 0
    let length = 0
    for (let slot = 0; slot < this.slots; slot++) {
      if (!this.isLive(slot, nowMs)) continue
      rows++
      length += this.#lengths[slot]!
    }
    return { rows, length }
  }

  #shelve(index: IndexEntry, slot: number): ShelvedIndex {
    const postings: Postings[] = []
    let length = 0
    for (const [term, count] of index.terms) {
      const entry = this.#postings.get(term) ?? this.#open(term)
      entry.add(slot, count)
      postings.push(entry)
      length += count
    }
    this.#bytes += postings.length * perPosting
    this.#lengths[slot] = length
    this.#length += length
    const block = index.vector && this.#block(index.model, index.vector.length)
    block?.put(slot, index.vector!)
    return new ShelvedIndex(index, slot, postings, block)
  }

  #open(term: string): Postings {
    const entry = new Postings(term)
    this.#postings.set(term, entry)
    this.#bytes += perTerm + 2 * term.length
    return entry
  }

  #drop(entry: Postings): void {
    this.#postings.delete(entry.term)
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
    const capacity = this.#lengths.length * 2
    const lengths = new Float64Array(capacity)
    const expiries = new Float64Array(capacity)
    lengths.set(this.#lengths)
    expiries.set(this.#expiries)
    this.#lengths = lengths
    this.#expiries = expiries
  }
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
