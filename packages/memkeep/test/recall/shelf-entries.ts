import fc from 'fast-check'
import { sensitivities, trusts } from '../../src/core/labels.ts'
import type { IndexEntry } from '../../src/recall/index-entry.ts'
import { Shelf, type ShelfEntry } from '../../src/recall/shelf.ts'

/** An entry with every field at its plainest, but for those given. */
export function entry(
  id: string,
  fields: Partial<Omit<ShelfEntry, 'id' | 'index'>> & Partial<IndexEntry> = {},
): ShelfEntry {
  const { model = null, vector = null, language = null, terms = new Map(), importance = null, ...more } = fields
  const { tags = [], agent = null, session = null, ...rest } = more
  return {
    id,
    subjectTag: '00ff',
    version: 1,
    kind: 'fact',
    trust: 'user',
    sensitivity: 'private',
    createdAtMs: 0,
    atMs: 0,
    expiresAtMs: null,
    index: { model, vector, language, terms, tags, agent, session, importance },
    ...rest,
  }
}

export function words(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of text.split(' ').filter(Boolean)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

export function shelfOf(entries: Iterable<ShelfEntry>): Shelf {
  const shelf = new Shelf()
  for (const item of entries) shelf.put(item)
  return shelf
}

/** What an entry says, in a form that `toEqual` can compare: a shelved index shows its terms by getter. */
export function plain(item: ShelfEntry) {
  const { model, vector, language, terms, tags, agent, session, importance } = item.index
  const index = {
    model,
    vector: vector && [...vector],
    language,
    terms: new Map(terms),
    tags,
    agent,
    session,
    importance,
  }
  return { ...item, index }
}

const few = <T>(...values: T[]) => fc.constantFrom(...values)

/** Terms from a small vocabulary, so that documents and queries meet. */
export const someTerms = fc
  .array(fc.tuple(few('ana', 'boat', 'cat', 'dinner', 'elm', 'fig'), fc.integer({ min: 1, max: 5 })), { maxLength: 5 })
  .map((pairs) => new Map(pairs))

/** Not zero, of three small whole numbers: exact ties and parallel vectors are common. */
export const someVector = fc
  .array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 })
  .filter((vector) => vector.some((value) => value !== 0))
  .map((vector) => {
    const length = Math.hypot(...vector)
    return Float32Array.from(vector, (value) => value / length)
  })

const someIndex: fc.Arbitrary<IndexEntry> = fc
  .record({
    vector: fc.option(someVector),
    terms: someTerms,
    tags: fc.subarray(['red', 'blue', 'green']),
    agent: few(null, 'scout', 'clerk'),
    session: few(null, 's1', 's2'),
    language: few(null, 'en', 'de'),
    importance: few(null, 0, 0.25, 1),
  })
  .map((index) => ({ ...index, model: index.vector === null ? null : 'm' }))

/** Times between 0 and 9, so that a query at any of them meets expired and unexpired rows. */
export const someEntry: fc.Arbitrary<ShelfEntry> = fc.record({
  id: few(...'abcdefghijklmnop'),
  subjectTag: few('00', '01'),
  version: fc.integer({ min: 1, max: 3 }),
  kind: few('fact', 'turn'),
  trust: few(...trusts),
  sensitivity: few(...sensitivities),
  createdAtMs: fc.nat(9),
  atMs: fc.nat(9),
  expiresAtMs: fc.option(fc.nat(9)),
  index: someIndex,
})

/** With distinct ids, as on real shelves. */
export const someEntries = fc.uniqueArray(someEntry, { selector: ({ id }) => id, maxLength: 12 })
