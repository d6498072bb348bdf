import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { snowball, snowballInstalled } from '../../src/recall/drivers/snowball.ts'
import { queryStems, stemmed } from '../../src/recall/stemmed.ts'
import { termsOf } from '../../src/recall/terms.ts'
import { runs } from './run-parameters.ts'

const english = (await snowball()).language('en')!

test('is installed where these tests run', async () => {
  expect(await snowballInstalled()).toBe(true)
})

test.each([
  ['en', 'moved moving moves'],
  ['en', 'painting paintings painted'],
  ['de', 'häuser haus'],
  ['fr', 'continu continua continuait'],
  ['es', 'chicas chicos'],
  ['ru', 'важная важные'],
  ['sv', 'jaktkarlarna jaktkarlens'],
])('in %s these are one word: %s', async (code, words) => {
  const language = (await snowball()).language(code)!
  expect(new Set(words.split(' ').map((word) => language.stem(word))).size).toBe(1)
})

test('counts words of one stem together', () => {
  expect(stemmed(termsOf('moving day: we moved, she moves'), english)).toEqual(
    new Map([
      ['move', 3],
      ['day', 1],
      ['we', 1],
      ['she', 1],
    ]),
  )
})

test('of a question it looks for what tells', () => {
  expect([...queryStems(termsOf("When didn't Ana's sister move to the lakes?").keys(), english).values()]).toEqual([
    'ana',
    'sister',
    'move',
    'lake',
  ])
  expect([...queryStems(termsOf('what is it?').keys(), english).values()]).toEqual(['what', 'is', 'it'])
})

describe('the language of a text', () => {
  test('is the configured one, whatever the text', async () => {
    expect((await snowball()).languageOf('Ich wohne seit drei Jahren in Hamburg')).toBe('en')
    expect((await snowball({ languages: ['de'] })).languageOf('I have lived here for years')).toBe('de')
  })

  test('is told among several, the first where nothing tells', async () => {
    const languages = await snowball({ languages: ['en', 'de', 'fr'] })
    expect(languages.languageOf('Ich wohne seit drei Jahren in Hamburg')).toBe('de')
    expect(languages.languageOf('Je préfère le siège côté fenêtre')).toBe('fr')
    expect(languages.languageOf('I have lived in Hamburg for three years')).toBe('en')
    for (const text of ['', '42', 'ok', 'Ho comprato una bicicletta nuova'])
      expect(languages.languageOf(text)).toBe('en')
    expect((await snowball({ languages: 'all' })).languageOf('Ho comprato una bicicletta nuova')).toBe('it')
  })

  test('must be one that there is a stemmer for', async () => {
    const refused = expect.objectContaining({ code: 'ERR_INPUT_INVALID' })
    for (const languages of [[], ['xx'], ['en', 'tlh']]) await expect(snowball({ languages })).rejects.toThrow(refused)
    expect(english).not.toBeNull()
    expect((await snowball()).language('xx')).toBeNull()
  })
})

test('a query finds what was stored under another language, by that language', async () => {
  const languages = await snowball({ languages: ['en'] })
  const stored = stemmed(termsOf('Die Häuser am See'), languages.language('de'))
  const asked = queryStems(termsOf('Haus').keys(), languages.language('de'))
  expect([...asked.values()].filter((stem) => stored.has(stem))).toEqual(['haus'])
})

test('never throws, and answers the same for the same word, for whatever terms a text has', async () => {
  const languages = await snowball({ languages: 'all' })
  const codes = ['en', 'de', 'ar', 'hi', 'ta', 'tr', 'yi', 'fa']
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(...codes), (text, code) => {
      const language = languages.language(code)!
      const terms = stemmed(termsOf(text), language)
      expect(stemmed(termsOf(text), language)).toEqual(terms)
      for (const term of terms.keys()) {
        expect(term.isWellFormed()).toBe(true)
        expect(term).not.toBe('')
      }
      expect(languages.language(languages.languageOf(text)!)).not.toBeNull()
    }),
    runs(300),
  )
})
