import { MemkeepError } from '../core/errors.ts'
import { ByteReader, broken } from './byte-reader.ts'
import { isQuantised, quantised, unquantised } from './quantised.ts'

/** What is sealed beside a memory, so that a shelf can be rebuilt without opening its content. */
export interface IndexEntry {
  /** Which model made `vector`; also set while the vector is still to come. Null when there is no embedder. */
  readonly model: string | null
  /** Of length 1, finite. In bytes it is one int8 per component: its direction survives, to within that rounding. */
  readonly vector: Float32Array | null
  /** As `termsOf` counts them. */
  readonly terms: ReadonlyMap<string, number>
  readonly tags: readonly string[]
  readonly agent: string | null
  readonly session: string | null
}

const format = 1
const hasModel = 1
const hasVector = 2
const hasAgent = 4
const hasSession = 8

/**
 * One byte string for one entry: a version, flags, then what the flags name, tags, terms in order of code units.
 * `encodeEntry(decodeEntry(bytes))` is `bytes`. Throws `ERR_INPUT_INVALID` for what could not be read back: a lone
 * surrogate, a count that is not a whole number from 1 to 2^32 - 1, a zero, non-finite or unnamed vector.
 */
export function encodeEntry(entry: IndexEntry): Buffer {
  const { model, vector, terms, tags, agent, session } = entry
  const out: number[] = [format]
  out.push(
    (model === null ? 0 : hasModel) |
      (vector === null ? 0 : hasVector) |
      (agent === null ? 0 : hasAgent) |
      (session === null ? 0 : hasSession),
  )
  for (const name of [model, agent, session]) if (name !== null) writeText(out, name)
  if (vector !== null) writeVector(out, vector, model)
  writeNumber(out, tags.length)
  for (const tag of tags) writeText(out, tag)
  writeNumber(out, terms.size)
  for (const term of [...terms.keys()].sort()) {
    const count = terms.get(term)!
    if (!Number.isInteger(count) || count < 1 || count >= 2 ** 32) throw unfit('a count of a term is out of range')
    writeText(out, term)
    writeNumber(out, count)
  }
  return Buffer.from(out)
}

/**
 * The entry in `bytes`, which it does not keep a view of. Throws `ERR_SEAL_BROKEN` for anything that `encodeEntry` does
 * not write. Memory used stays within a fixed multiple of `bytes.length`, whatever lengths they claim.
 */
export function decodeEntry(bytes: Uint8Array): IndexEntry {
  const reader = new ByteReader(bytes)
  if (reader.byte() !== format) throw broken()
  const flags = reader.byte()
  if (flags >= 16 || (flags & (hasModel | hasVector)) === hasVector) throw broken()
  const model = flags & hasModel ? reader.text() : null
  const agent = flags & hasAgent ? reader.text() : null
  const session = flags & hasSession ? reader.text() : null
  const vector = flags & hasVector ? readVector(reader) : null
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
  reader.end()
  return { model, vector, terms, tags, agent, session }
}

function writeNumber(out: number[], value: number): void {
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) + 128)
  out.push(rest)
}

function writeText(out: number[], text: string): void {
  if (!text.isWellFormed()) throw unfit('a text holds a lone surrogate')
  const bytes = Buffer.from(text, 'utf8')
  writeNumber(out, bytes.length)
  for (const byte of bytes) out.push(byte)
}

function writeVector(out: number[], vector: Float32Array, model: string | null): void {
  if (model === null) throw unfit('a vector needs the name of its model')
  if (!vector.every(Number.isFinite)) throw unfit('a vector is not finite')
  const bytes = quantised(vector)
  if (!isQuantised(bytes)) throw unfit('a vector is zero')
  writeNumber(out, bytes.length)
  for (const byte of bytes) out.push(byte & 255)
}

function readVector(reader: ByteReader): Float32Array {
  const bytes = new Int8Array(reader.bytes(reader.number()))
  if (!isQuantised(bytes)) throw broken()
  return unquantised(bytes)
}

function unfit(message: string): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', message)
}
