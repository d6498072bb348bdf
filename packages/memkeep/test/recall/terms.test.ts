import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { queryTermsOf, termsOf } from '../../src/recall/terms.ts'
import { runs } from './run-parameters.ts'

test.each<[string, string, Record<string, number>]>([
  ['words, whatever their case', 'The cat saw the CAT', { the: 2, cat: 2, saw: 1 }],
  ['accents as part of a word', 'Zürich café naïve', { zürich: 1, café: 1, naïve: 1 }],
  ['an accent typed apart', 'cafe\u0301', { café: 1 }],
  ['a possessive by its word', 'Sarah’s and Ana\u0027s', { sarah: 1, s: 2, and: 1, ana: 1 }],
  ['parts of names with dots and underscores', 'node.js user_id', { node: 1, js: 1, user: 1, id: 1 }],
  ['numbers', 'room 42, 3rd floor', { room: 1, '42': 1, '3rd': 1, floor: 1 }],
  ['wide forms and ligatures as plain ones', 'Ｆｕｌｌ ﬁsh', { full: 1, fish: 1 }],
  ['Cyrillic and Greek', 'Привет ΚΟΣΜΟΣ', { привет: 1, κοσμος: 1 }],
  ['a dotted capital I as an i, typed apart too', 'İstanbul I\u0307zmir istanbul', { istanbul: 2, izmir: 1 }],
  ['Arabic and Hebrew', 'مرحبا שלום', { مرحبا: 1, שלום: 1 }],
  ['Devanagari with its vowel signs', 'नमस्ते दुनिया', { नमस्ते: 1, दुनिया: 1 }],
  ['Korean by spaces', '서울에 살아요', { 서울에: 1, 살아요: 1 }],
  ['Chinese by the dictionary', '我住在北京', { 我: 1, 住在: 1, 北京: 1 }],
  ['Thai by the dictionary', 'สวัสดีครับ', { สวัสดี: 1, ครับ: 1 }],
  ['emoji as words', '👍 👍 🎂', { '👍': 2, '🎂': 1 }],
  ['an emoji without its skin tone and variation', '👍🏽 ❤️', { '👍': 1, '❤': 1 }],
  ['a joined emoji by its parts', '👩‍🚀', { '👩': 1, '🚀': 1 }],
  ['flags apart', '🇨🇭🇩🇪', { '🇨🇭': 1, '🇩🇪': 1 }],
  ['a word with an invisible hyphen', 'ele\u00adphant', { elephant: 1 }],
  ['nothing in punctuation', ' … — !? ()', {}],
  ['nothing in nothing', '', {}],
  ['names that objects have', 'constructor __proto__', { constructor: 1, proto: 1 }],
])('finds %s', (_, text, wanted) => {
  expect(termsOf(text)).toEqual(new Map(Object.entries(wanted)))
})

test('a query also looks for the dotted i that entries of before have', () => {
  expect(queryTermsOf('İzmir ve')).toEqual(
    new Map([
      ['i\u0307zmir', 1],
      ['ve', 1],
      ['izmir', 1],
    ]),
  )
  for (const text of ['izmir', 'Zürich', '']) expect(queryTermsOf(text)).toEqual(termsOf(text))
})

test('agrees with the segmenter on Japanese', () => {
  const text = '東京タワーに行きました'
  const segments = [...new Intl.Segmenter('en', { granularity: 'word' }).segment(text)].map(({ segment }) => segment)
  expect(segments.length).toBeGreaterThan(2)
  expect([...termsOf(text).keys()].sort()).toEqual([...new Set(segments)].sort())
})

test('hostile accents are taken away before they are normalised, which takes time quadratic in their number', () => {
  const normalize = vi.spyOn(String.prototype, 'normalize')
  const given: string[] = []
  try {
    const [term] = [...termsOf(`a${'\u0301\u0323'.repeat(64 * 1024)}`).keys()]
    expect([...term!].length).toBeLessThanOrEqual(31)
  } finally {
    given.push(...normalize.mock.contexts.map(String))
    normalize.mockRestore()
  }
  expect(given.map((text) => /\p{M}{31}/u.test(text))).toEqual([false])
})

test('cuts what is too long for a word, never within a character', () => {
  const [term] = [...termsOf(`a${'𐐨'.repeat(100)}`).keys()]
  expect([...term!].length).toBe(64)
  expect(term!.isWellFormed()).toBe(true)
})

test('never throws, and counts only well-formed terms of at most 64 characters, at least once each', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      (text) => {
        for (const [term, count] of termsOf(text)) {
          expect(term.isWellFormed()).toBe(true)
          expect([...term].length).toBeGreaterThan(0)
          expect([...term].length).toBeLessThanOrEqual(64)
          expect(count).toBeGreaterThanOrEqual(1)
        }
      },
    ),
    runs(2000),
  )
})

test('does not see how a text is composed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(termsOf(text.normalize('NFD'))).toEqual(termsOf(text))
      expect(termsOf(text.normalize('NFC'))).toEqual(termsOf(text))
    }),
    runs(2000),
  )
})

test('two texts side by side count as both', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
      const sum = termsOf(one)
      for (const [term, count] of termsOf(other)) sum.set(term, (sum.get(term) ?? 0) + count)
      expect(termsOf(`${one}\n\n${other}`)).toEqual(sum)
    }),
    runs(1000),
  )
})

test('reads plain ASCII as it reads any text', () => {
  const asciiText = fc.string({ unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(asciiText, (text) => {
      // With one letter beyond ASCII the text takes the way of all others.
      const withAnother = termsOf(`${text} é`)
      expect(withAnother.delete('é')).toBe(true)
      expect(termsOf(text)).toEqual(withAnother)
    }),
    runs(300),
  )
})
