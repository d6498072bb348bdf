import { expect, test } from 'vitest'
import { indexOf, queryOf } from '../../src/memory/index-of.ts'
import { turnWords } from '../../src/recall/turn-words.ts'

const atMs = Date.UTC(2023, 4, 8, 23, 59)

test.each([
  ['speaker and date', { speaker: 'Ana', atMs }, null, 'Ana May 8, 2023'],
  ['in another language', { speaker: 'Ana', atMs }, 'de', 'Ana 8. Mai 2023'],
  ['the date alone', { speaker: null, atMs }, 'en', 'May 8, 2023'],
  ['the speaker alone', { speaker: 'Ana', atMs: null }, 'en', 'Ana'],
  ['nothing', { speaker: null, atMs: null }, 'en', ''],
])('says %s', (_, turn, language, wanted) => {
  expect(turnWords(turn, language)).toBe(wanted)
})

test('a turn is found by its speaker and its date, a note by its content alone', () => {
  const kernel = { embedder: null, languages: null }
  const details = { tags: [], agent: null, session: 's1', speaker: 'Ana' }
  const turn = indexOf(kernel, 'I moved', details, null, { atMs })
  expect(turn.terms).toEqual(new Map(['i', 'moved', 'ana', 'may', '8', '2023'].map((word) => [word, 1])))
  expect(
    [...queryOf(kernel, 'ana in may 2023?', null).terms.keys()].filter((word) => turn.terms.has(word)).length,
  ).toBe(3)
  const note = indexOf(kernel, 'I moved', { ...details, session: null, speaker: null }, null, { atMs })
  expect([...note.terms.keys()]).toEqual(['i', 'moved'])
})
