import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemkeepError } from '../../src/core/errors.ts'
import { decodeEntry, encodeEntry, type IndexEntry } from '../../src/recall/index-entry.ts'
import { runs } from './run-parameters.ts'

const text = fc.string({ unit: 'binary', maxLength: 12 })
const someVector = fc
  .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })
  .filter((vector) => vector.some((value) => Math.abs(value) > 1e-3))
  .map((vector) => {
    const length = Math.hypot(...vector)
    return Float32Array.from(vector, (value) => value / length)
  })
const someEntry: fc.Arbitrary<IndexEntry> = fc
  .record({
    model: fc.option(text),
    vector: fc.option(someVector),
    terms: fc
      .array(fc.tuple(text, fc.integer({ min: 1, max: 2 ** 32 - 1 })), { maxLength: 20 })
      .map((all) => new Map(all)),
    tags: fc.array(text, { maxLength: 5 }),
    agent: fc.option(text),
    session: fc.option(text),
    language: fc.option(text),
    importance: fc.option(fc.nat(100).map((hundredths) => hundredths / 100)),
  })
  .map((entry) => (entry.model === null ? { ...entry, vector: null } : entry))

const plainEntry: IndexEntry = {
  model: null,
  vector: null,
  language: null,
  terms: new Map(),
  tags: [],
  agent: null,
  session: null,
  importance: null,
}
const broken = expect.objectContaining({ code: 'ERR_SEAL_BROKEN' })

describe('an index entry', () => {
  test('comes back from its bytes, the vector to within its rounding', () => {
    fc.assert(
      fc.property(someEntry, (entry) => {
        const { vector, ...rest } = entry
        const { vector: read, ...others } = decodeEntry(encodeEntry(entry))
        expect(others).toEqual(rest)
        expect(read?.length).toBe(vector?.length)
        if (!vector || !read) return
        expect(Math.hypot(...read)).toBeCloseTo(1, 5)
        // Half a step for each component moves a vector by no more than half a step times the root of their number.
        const step = Math.max(...vector.map(Math.abs)) / 32_512
        const moved = Math.hypot(...vector.map((value, i) => value - read[i]!))
        expect(moved).toBeLessThan(step * Math.sqrt(vector.length) + 1e-6)
      }),
      runs(2000),
    )
  })

  test('has one form: its terms in any order, or read and written again, give the same bytes', () => {
    fc.assert(
      fc.property(someEntry, (entry) => {
        const bytes = encodeEntry(entry)
        expect(encodeEntry({ ...entry, terms: new Map([...entry.terms].reverse()) })).toEqual(bytes)
        expect(encodeEntry(decodeEntry(bytes))).toEqual(bytes)
      }),
      runs(1000),
    )
  })

  test('keeps no view of the bytes it was read from', () => {
    const bytes = encodeEntry({ ...plainEntry, model: 'm', vector: Float32Array.of(1, 0), tags: ['tag'] })
    const entry = decodeEntry(bytes)
    bytes.fill(0)
    expect(entry).toEqual({ ...plainEntry, model: 'm', vector: Float32Array.of(1, 0), tags: ['tag'] })
  })

  test('takes two bytes for a component, and little beside text for a term', () => {
    const vector = new Float32Array(384).fill(1)
    const bare = encodeEntry({ ...plainEntry, model: 'm' }).length
    expect(encodeEntry({ ...plainEntry, model: 'm', vector }).length - bare).toBeLessThanOrEqual(2 * 384 + 2)
    expect(encodeEntry({ ...plainEntry, model: 'm', terms: new Map([['word', 3]]) }).length - bare).toBe(4 + 2)
  })

  test.each<[string, Partial<IndexEntry>]>([
    ['a lone surrogate in a tag', { tags: ['\ud800'] }],
    ['a lone surrogate in a term', { terms: new Map([['\udfff', 1]]) }],
    ['a count of nothing', { terms: new Map([['a', 0]]) }],
    ['half a count', { terms: new Map([['a', 1.5]]) }],
    ['a count beyond 32 bits', { terms: new Map([['a', 2 ** 32]]) }],
    ['a vector without a model', { vector: Float32Array.of(1) }],
    ['a zero vector', { model: 'm', vector: Float32Array.of(0, 0) }],
    ['an empty vector', { model: 'm', vector: new Float32Array(0) }],
    ['a vector that is not a number', { model: 'm', vector: Float32Array.of(Number.NaN, 1) }],
    ['an importance above 1', { importance: 1.01 }],
    ['an importance below 0', { importance: -0.01 }],
    ['an importance that is not a number', { importance: Number.NaN }],
    ['an infinite vector', { model: 'm', vector: Float32Array.of(Number.POSITIVE_INFINITY, 1) }],
  ])('with %s is not written', (_, fields) => {
    const refused = expect.objectContaining({ code: 'ERR_INPUT_INVALID' })
    expect(() => encodeEntry({ ...plainEntry, ...fields })).toThrow(refused)
  })
})

describe('bytes that are no index entry', () => {
  const someMutation = fc.oneof(
    fc.record({ flip: fc.nat(), by: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ cut: fc.nat() }),
    fc.record({ insert: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }) }),
    fc.record({ swap: fc.nat(), with: fc.nat() }),
  )

  function mutated(bytes: Buffer, mutation: typeof someMutation extends fc.Arbitrary<infer T> ? T : never): Buffer {
    const copy = Buffer.from(bytes)
    if ('flip' in mutation) copy[mutation.flip % copy.length]! ^= mutation.by
    else if ('cut' in mutation) return copy.subarray(0, mutation.cut % copy.length)
    else if ('insert' in mutation) {
      const at = mutation.insert % (copy.length + 1)
      return Buffer.concat([copy.subarray(0, at), mutation.bytes, copy.subarray(at)])
    } else {
      const [a, b] = [mutation.swap % copy.length, mutation.with % copy.length]
      ;[copy[a], copy[b]] = [copy[b]!, copy[a]!]
    }
    return copy
  }

  /** Decoding must fail with the typed error, or the bytes must be exactly what encoding would write (now, or in format 1). */
  function survives(bytes: Uint8Array): 'refused' | 'read' {
    try {
      const entry = decodeEntry(bytes)
      if (bytes[0] === 1) expect([entry.language, entry.importance]).toEqual([null, null])
      else expect(Buffer.compare(encodeEntry(entry), bytes)).toBe(0)
      return 'read'
    } catch (error) {
      if (!(error instanceof MemkeepError)) throw error
      expect(error.code).toBe('ERR_SEAL_BROKEN')
      return 'refused'
    }
  }

  test('are refused with one error, whatever was changed in them', () => {
    const seen = { refused: 0, read: 0 }
    fc.assert(
      fc.property(someEntry, fc.array(someMutation, { minLength: 1, maxLength: 3 }), (entry, mutations) => {
        let bytes = encodeEntry(entry)
        for (const mutation of mutations) if (bytes.length > 0) bytes = mutated(bytes, mutation)
        seen[survives(bytes)]++
      }),
      runs(20_000),
    )
    // Both ends of the test must have been reached, or it shows nothing.
    expect(seen.refused).toBeGreaterThan(5000)
    expect(seen.read).toBeGreaterThan(500)
  })

  test('are refused with one error, also when they are noise behind a right start', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2), fc.nat(63), fc.uint8Array({ maxLength: 200 }), (written, flags, noise) => {
        survives(Buffer.concat([Buffer.of(written, flags), noise]))
      }),
      runs(5000),
    )
  })

  test('are never read beyond their end', () => {
    const whole = encodeEntry({ ...plainEntry, tags: ['tag'], terms: new Map([['term', 1]]) })
    const around = Buffer.concat([Buffer.alloc(7, 255), whole, Buffer.alloc(7, 255)])
    expect(decodeEntry(around.subarray(7, 7 + whole.length)).tags).toEqual(['tag'])
    for (let end = 0; end < whole.length; end++) expect(() => decodeEntry(around.subarray(7, 7 + end))).toThrow(broken)
  })

  test('may claim any length: nothing of that size is made', () => {
    const huge = [255, 255, 255, 255, 15]
    const before = process.memoryUsage().arrayBuffers
    for (const bytes of [
      [1, 1, ...huge], // a model
      [1, 3, 1, 109, ...huge], // a vector
      [1, 0, ...huge], // tags
      [1, 0, 0, ...huge], // terms
      [1, 0, 0, 1, ...huge], // a term
      [2, 3, 1, 109, ...huge], // a vector, two bytes for each component
      [2, 16, ...huge], // a language
    ]) {
      expect(() => decodeEntry(Buffer.from(bytes))).toThrow(broken)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24)
  })

  test.each([
    ['nothing', []],
    ['another version', [3, 0, 0, 0]],
    ['version 0', [0, 0, 0, 0]],
    ['an unknown flag', [2, 64, 0, 0]],
    ['a flag that version 1 did not have', [1, 16, 2, 101, 110, 0, 0]],
    ['an importance above 1', [2, 32, 101, 0, 0]],
    ['half a vector', [2, 3, 1, 109, 2, 127, 0, 0, 0]],
    ['a vector of zeros in two bytes each', [2, 3, 1, 109, 1, 0, 0, 0, 0]],
    ['a vector without a model', [1, 2, 1, 127, 0, 0]],
    ['a vector of zeros', [1, 3, 0, 1, 0, 0, 0]],
    ['a component of -128', [1, 3, 0, 2, 127, 128, 0, 0]],
    ['a number in more bytes than it takes', [1, 0, 128, 0, 0]],
    ['a number beyond 32 bits', [1, 0, 0, 1, 0, 255, 255, 255, 255, 16]],
    ['a number without end', [1, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['a term that stands nowhere', [1, 0, 0, 1, 1, 97, 0]],
    ['a term twice', [1, 0, 0, 2, 1, 97, 1, 1, 97, 1]],
    ['terms out of order', [1, 0, 0, 2, 1, 98, 1, 1, 97, 1]],
    ['text that is not UTF-8', [1, 0, 1, 1, 255, 0]],
    ['a surrogate in UTF-8', [1, 0, 1, 3, 0xed, 0xa0, 0x80, 0]],
    ['a byte too many', [1, 0, 0, 0, 0]],
  ])('are refused: %s', (_, bytes) => {
    expect(() => decodeEntry(Buffer.from(bytes))).toThrow(broken)
  })

  test('of version 1, which earlier releases stored, are read', () => {
    const bytes = [1, 15, 1, 109, 1, 97, 1, 115, 2, 127, 129, 1, 1, 116, 2, 1, 97, 3, 1, 98, 1]
    const { vector, ...rest } = decodeEntry(Buffer.from(bytes))
    expect([...vector!]).toEqual([Math.fround(Math.SQRT1_2), -Math.fround(Math.SQRT1_2)])
    const terms = new Map([
      ['a', 3],
      ['b', 1],
    ])
    expect(rest).toEqual({ model: 'm', agent: 'a', session: 's', tags: ['t'], terms, language: null, importance: null })
  })

  test('a replacement character that was really meant is read', () => {
    const entry = { ...plainEntry, tags: ['\ufffd', '\ufeffbom', '\ufeff\ufffd'] }
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
  })
})
