import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { detectorRows, distillerShares } from '../../../../bench/screen/measures.ts'
import { detectorTables } from '../../../../bench/screen/tables.ts'
import { readCorpus } from '../../../../scripts/screening/corpus.ts'
import { readFresh } from '../../../../scripts/screening/fresh.ts'
import { trainedWeights } from '../../../../scripts/train-screen.ts'
import { findIn } from '../../src/screening/finding.ts'
import { defaultScreenPolicy, judge } from '../../src/screening/judge.ts'
import { shippedModel, weightsFile } from '../../src/screening/model/linear-model.ts'
import { read } from '../../src/screening/reading/read.ts'
import { families } from '../../src/screening/screener.ts'

const lines = readCorpus()
const attacks = lines.filter(({ family }) => family !== null)
const harmless = lines.filter(({ family }) => family === null)

test('the weights that ship are those that the script makes of the corpus, and they are small', () => {
  const shipped = readFileSync(weightsFile, 'utf8')
  expect(trainedWeights(lines) === shipped, 'run `npm run train:screen`').toBe(true)
  expect(Buffer.byteLength(shipped)).toBeLessThanOrEqual(200_000)
})

describe('the corpus', () => {
  test('is as large and as varied as is said of it', () => {
    expect(attacks.length).toBeGreaterThanOrEqual(600)
    for (const family of families) {
      expect(attacks.filter((line) => line.family === family).length, family).toBeGreaterThanOrEqual(50)
    }
    expect(harmless.length).toBeGreaterThanOrEqual(1_200)
    expect(harmless.filter(({ trigger }) => trigger).length * 3).toBeGreaterThanOrEqual(harmless.length)
    for (const side of [attacks, harmless]) {
      for (const language of ['en', 'de', 'fr', 'es', 'mixed']) {
        expect(side.filter((line) => line.language === language).length, language).toBeGreaterThanOrEqual(20)
      }
    }
  })

  test('says nothing twice, and no group stands in two parts', () => {
    const fresh = readFresh()
    const said = [
      ...lines.flatMap(({ text, paraphrase }) => (paraphrase === null ? [text] : [text, paraphrase])),
      ...fresh.attacks,
      ...fresh.harmless,
      ...fresh.later,
    ]
    expect(said.filter((text, at) => said.indexOf(text) !== at)).toEqual([])
    const parts = new Map<string, string>()
    for (const { group, part } of lines) {
      expect(parts.get(group) ?? part, group).toBe(part)
      parts.set(group, part)
    }
  })

  test('says no attack of the test part, nor its other wording, with nearly the words of one that was trained or chosen on', () => {
    const wordsIn = (text: string): Set<string> =>
      new Set(read(text).words.filter((word) => /^[\p{L}\p{N}]/u.test(word)))
    const shared = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
      const both = [...a].filter((word) => b.has(word)).length
      return both / (a.size + b.size - both)
    }
    const shown = attacks.filter(({ part }) => part !== 'test').map(({ text }) => [text, wordsIn(text)] as const)
    const nearest = (text: string): number => {
      const words = wordsIn(text)
      return Math.max(...shown.map(([, other]) => shared(words, other)))
    }
    const held = attacks.filter(({ part }) => part === 'test').flatMap(({ text, paraphrase }) => [text, paraphrase!])
    expect([...held, ...readFresh().attacks].filter((text) => nearest(text) >= 0.6)).toEqual([])
    // The measure sees a line that was taken over with a word changed.
    const [taken] = shown[0]!
    expect(nearest(taken.replace(/\w+\.?$/, 'zebra'))).toBeGreaterThanOrEqual(0.6)
  })

  test('has every attack of the test part in other words too, and only those', () => {
    for (const { part, paraphrase } of attacks) expect(paraphrase !== null).toBe(part === 'test')
    expect(harmless.every(({ paraphrase }) => paraphrase === null)).toBe(true)
  })
})

test('the page on integrity has the table that the bench prints', () => {
  const page = readFileSync(new URL('../../../../docs/integrity.md', import.meta.url), 'utf8')
  expect(page.includes(detectorTables(lines)), 'BENCH_SPEED=no npm run bench:screen').toBe(true)
})

describe('on the part that nobody trained or chose on', () => {
  const held = lines.filter(({ part }) => part === 'test')
  const rows = detectorRows(held)

  test('at most 2 % of harmless texts are flagged', () => {
    const { hits, of } = rows.harmless[0]!.flagged
    expect(hits / of).toBeLessThanOrEqual(0.02)
  })

  test('half of the attacks are flagged, and of their other wordings', () => {
    for (const { flagged } of rows.attacks.slice(0, 2)) expect(flagged.hits / flagged.of).toBeGreaterThanOrEqual(0.5)
  })

  test('the default distiller keeps 97 % of harmless texts to the character', () => {
    const { kept } = distillerShares(held)
    expect(kept.hits / kept.of).toBeGreaterThanOrEqual(0.97)
  })
})

test('the model alone quarantines nothing, however sure it is', () => {
  const unexplained = lines.filter(({ text }) => findIn(text).reasons.every(({ family }) => family === null))
  const sure = unexplained.filter(({ text }) => shippedModel().score(text).score >= 0.9)
  expect(sure.length).toBeGreaterThan(50)
  for (const { text } of sure) expect(judge(findIn(text), defaultScreenPolicy).verdict, text).toBe('flag')
})
