import { MemkeepError } from '../core/errors.ts'
import { ByteReader, broken } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { bytesPerComponent, readVector, writeVector } from './quantised.ts'

/** What is sealed beside a memory, so that a shelf can be rebuilt without opening its content. */
export interface IndexEntry {
  /** Which model made `vector`; also set while the vector is still to come. Null when there is no embedder. */
  readonly model: string | null
  /** Of length 1, finite. In bytes it is `quantised`: its direction survives, to within that rounding. */
  readonly vector: Float32Array | null
  /** Whose stems `terms` are, as an ISO 639-1 code; null: they are words as they stand in the text. */
  readonly language: string | null
  /** As `termsOf` counts them, or stems of these. */
  readonly terms: ReadonlyMap<string, number>
  readonly tags: readonly string[]
  readonly agent: string | null
  readonly session: string | null
  /** From 0 to 1; in bytes to the nearest hundredth. Null where nobody said. */
  readonly importance: number | null
  /** While one model takes another's place: the vector of the other, so that whoever still searches with it finds. */
  readonly former?: ModelVector | undefined
}

/** A vector of length 1 and the name of the model that made it. */
export interface ModelVector {
  readonly model: string
  readonly vector: Float32Array
}

/**
 * What is written: 2, or 3 with a vector of the former model behind all else. Format 1 is still read: it had no language and
 * no importance, and one byte for a component.
 */
const format = 2
const formatWithFormer = 3
const hasModel = 1
const hasVector = 2
const hasAgent = 4
const hasSession = 8
const hasLanguage = 16
const hasImportance = 32

/**
 * One byte string for one entry: a version, flags, then what the flags name, tags, terms in order of code units.
 * `encodeEntry(decodeEntry(bytes))` is `bytes`. Throws `ERR_INPUT_INVALID` for what could not be read back: a lone
 * surrogate, a count that is not a whole number from 1 to 2^32 - 1, a zero, non-finite or unnamed vector, an
 * importance beyond its bounds.
 */
export function encodeEntry(entry: IndexEntry): Buffer {
  const { model, vector, terms, tags, agent, session, language, importance, former } = entry
  const out = new ByteWriter()
  out.byte(former === undefined ? format : formatWithFormer)
  out.byte(
    (model === null ? 0 : hasModel) |
      (vector === null ? 0 : hasVector) |
      (agent === null ? 0 : hasAgent) |
      (session === null ? 0 : hasSession) |
      (language === null ? 0 : hasLanguage) |
      (importance === null ? 0 : hasImportance),
  )
  for (const name of [model, agent, session, language]) if (name !== null) putText(out, name)
  if (importance !== null) out.byte(hundredths(importance))
  if (vector !== null) putVector(out, vector, model)
  out.number(tags.length)
  for (const tag of tags) putText(out, tag)
  out.number(terms.size)
  for (const term of [...terms.keys()].sort()) {
    const count = terms.get(term)!
    if (!Number.isInteger(count) || count < 1 || count >= 2 ** 32) throw unfit('a count of a term is out of range')
    putText(out, term)
    out.number(count)
  }
  if (former !== undefined) {
    if (former.model === model) throw unfit('one model made both vectors')
    putText(out, former.model)
    putVector(out, former.vector, former.model)
  }
  return out.written()
}

/**
 * The entry in `bytes`, which it does not keep a view of. Throws `ERR_SEAL_BROKEN` for anything that `encodeEntry` does
 * not write. Memory used stays within a fixed multiple of `bytes.length`, whatever lengths they claim.
 */
export function decodeEntry(bytes: Uint8Array): IndexEntry {
  const reader = new ByteReader(bytes)
  const written = reader.byte()
  if (written < 1 || written > formatWithFormer) throw broken()
  const flags = reader.byte()
  if (flags >= (written === 1 ? 16 : 64) || (flags & (hasModel | hasVector)) === hasVector) throw broken()
  const model = flags & hasModel ? reader.text() : null
  const agent = flags & hasAgent ? reader.text() : null
  const session = flags & hasSession ? reader.text() : null
  const language = flags & hasLanguage ? reader.text() : null
  const importance = flags & hasImportance ? takeImportance(reader) : null
  const vector = flags & hasVector ? (written === 1 ? takeOldVector(reader) : takeVector(reader)) : null
  const tags: string[] = []
  for (let left = reader.number(); left > 0; left--) tags.push(reader.text())
  const terms = new Map<string, number>()
  let last: string | null = null
  for (let left = reader.number(); left > 0; left--) {
    const term = reader.text()
    const count = reader.number()
    if (count === 0 || (last !== null && term <= last)) throw broken()
    terms.set(term, count)
    last = term
  }
  const former = written === formatWithFormer ? { model: reader.text(), vector: takeVector(reader) } : null
  if (former !== null && former.model === model) throw broken()
  reader.end()
  const entry = { model, vector, language, terms, tags, agent, session, importance }
  return former === null ? entry : { ...entry, former }
}

function putText(out: ByteWriter, text: string): void {
  if (!text.isWellFormed()) throw unfit('a text holds a lone surrogate')
  out.text(text)
}

function putVector(out: ByteWriter, vector: Float32Array, model: string | null): void {
  if (model === null) throw unfit('a vector needs the name of its model')
  const bytes = writeVector(vector)
  if (bytes === null) throw unfit('a vector is empty, zero or not finite')
  out.number(vector.length)
  out.bytes(bytes)
}

function takeVector(reader: ByteReader): Float32Array {
  return readVector(reader.bytes(bytesPerComponent * reader.number())) ?? fail()
}

/** Of format 1: one int8 for a component, the largest of which has the magnitude 127. */
function takeOldVector(reader: ByteReader): Float32Array {
  const components = new Int8Array(reader.bytes(reader.number()))
  let [largest, squares] = [0, 0]
  for (const value of components) {
    largest = Math.max(largest, Math.abs(value))
    squares += value * value
  }
  if (largest !== 127) throw broken()
  return Float32Array.from(components, (value) => value / Math.sqrt(squares))
}

function hundredths(importance: number): number {
  if (!(importance >= 0 && importance <= 1)) throw unfit('an importance is not from 0 to 1')
  return Math.round(importance * 100)
}

function takeImportance(reader: ByteReader): number {
  const value = reader.byte()
  return value <= 100 ? value / 100 : fail()
}

function fail(): never {
  throw broken()
}

function unfit(message: string): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', message)
}
