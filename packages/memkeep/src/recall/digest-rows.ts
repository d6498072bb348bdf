import { formatUuid, uuidBytes } from '../core/ids.ts'
import { sensitivities, trusts } from '../core/labels.ts'
import type { IndexEntry } from './index-entry.ts'
import type { ShelfEntry } from './shelf.ts'

/** Bytes of a row: its id, four doubles, eight whole numbers, two labels, whether it is gone. */
const rowBytes = 84
const [createdAt, at, expiresAt, importance] = [16, 24, 32, 40]
const [length, version, subject, kind, agent, session, language, model] = [48, 52, 56, 60, 64, 68, 72, 76]
const [trust, sensitivity, gone] = [80, 81, 82]

/** Many entries without their terms, vectors and tags, in 84 bytes each. */
export class DigestRows {
  #slots = 0
  #gone = 0
  #bytes = Buffer.alloc(0)
  /** Each text once: rows have their place. */
  readonly #texts: (string | null)[] = []
  readonly #places = new Map<string | null, number>()

  /** Without those that are gone. */
  get size(): number {
    return this.#slots - this.#gone
  }

  /** Every row's number is below it. */
  get slots(): number {
    return this.#slots
  }

  /** Estimate of the memory taken. */
  get bytes(): number {
    return this.#texts.reduce((sum, text) => sum + 100 + 2 * (text?.length ?? 0), this.#bytes.length)
  }

  /** `terms` is its length in terms. */
  add(entry: ShelfEntry, terms: number): void {
    const from = this.#slots++ * rowBytes
    if (from === this.#bytes.length) this.#grow()
    const { index } = entry
    const bytes = this.#bytes.subarray(from, from + rowBytes)
    bytes.set(uuidBytes(entry.id))
    bytes.writeDoubleLE(entry.createdAtMs, createdAt)
    bytes.writeDoubleLE(entry.atMs, at)
    bytes.writeDoubleLE(entry.expiresAtMs ?? Number.NaN, expiresAt)
    bytes.writeDoubleLE(index.importance ?? Number.NaN, importance)
    bytes.writeUInt32LE(terms, length)
    bytes.writeUInt32LE(entry.version, version)
    bytes.writeUInt32LE(this.#placeOf(entry.subjectTag), subject)
    bytes.writeUInt32LE(this.#placeOf(entry.kind), kind)
    bytes.writeUInt32LE(this.#placeOf(index.agent), agent)
    bytes.writeUInt32LE(this.#placeOf(index.session), session)
    bytes.writeUInt32LE(this.#placeOf(index.language), language)
    bytes.writeUInt32LE(this.#placeOf(index.model), model)
    bytes[trust] = trusts.indexOf(entry.trust)
    bytes[sensitivity] = sensitivities.indexOf(entry.sensitivity)
  }

  /** Where the rows with these ids stand that are not gone. Looks at every row. */
  find(ids: readonly string[]): number[] {
    const wanted = new Set(ids.map((id) => uuidBytes(id).toString('latin1')))
    const found: number[] = []
    for (let row = 0; row < this.#slots; row++) {
      const from = row * rowBytes
      if (wanted.has(this.#bytes.toString('latin1', from, from + 16)) && !this.isGone(row)) found.push(row)
    }
    return found
  }

  /** Its number is not used again. It must not be gone yet. */
  remove(row: number): void {
    const bytes = this.#row(row)
    bytes[gone] = 1
    this.#gone++
  }

  isGone(row: number): boolean {
    return this.#bytes[row * rowBytes + gone] === 1
  }

  /** With no terms and no vector; `tags` are the caller's word. */
  entry(row: number, tags: readonly string[]): ShelfEntry {
    const bytes = this.#row(row)
    const text = (place: number) => this.#texts[bytes.readUInt32LE(place)]!
    const number = (place: number) => bytes.readDoubleLE(place)
    const orNull = (value: number) => (Number.isNaN(value) ? null : value)
    const index: IndexEntry = {
      model: text(model),
      vector: null,
      language: text(language),
      terms: noTerms,
      tags,
      agent: text(agent),
      session: text(session),
      importance: orNull(number(importance)),
    }
    return {
      id: formatUuid(bytes.subarray(0, 16)),
      subjectTag: text(subject),
      version: bytes.readUInt32LE(version),
      kind: text(kind),
      trust: trusts[bytes[trust]!]!,
      sensitivity: sensitivities[bytes[sensitivity]!]!,
      createdAtMs: number(createdAt),
      atMs: number(at),
      expiresAtMs: orNull(number(expiresAt)),
      index,
    }
  }

  lengthAt(row: number): number {
    return this.#row(row).readUInt32LE(length)
  }

  #row(row: number): Buffer {
    return this.#bytes.subarray(row * rowBytes, (row + 1) * rowBytes)
  }

  #placeOf(text: string | null): number {
    let place = this.#places.get(text)
    if (place === undefined) {
      place = this.#texts.push(text) - 1
      this.#places.set(text, place)
    }
    return place
  }

  #grow(): void {
    const larger = Buffer.alloc(Math.max(8, Math.ceil(this.#slots * 1.5)) * rowBytes)
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}

const noTerms: ReadonlyMap<string, number> = new Map()
