import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { detectorRows, distillerShares } from '../../../../bench/screen/measures.ts'
import { detectorTables } from '../../../../bench/screen/tables.ts'
import { readCorpus } from '../../../../scripts/screening/corpus.ts'
import { trainedWeights } from '../../../../scripts/train-screen.ts'
import { findIn } from '../../src/screening/finding.ts'
import { defaultScreenPolicy, judge } from '../../src/screening/judge.ts'
import { shippedModel, weightsFile } from '../../src/screening/model/linear-model.ts'
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
    const said = lines.flatMap(({ text, paraphrase }) => (paraphrase === null ? [text] : [text, paraphrase]))
    expect(said.filter((text, at) => said.indexOf(text) !== at)).toEqual([])
    const parts = new Map<string, string>()
    for (const { group, part } of lines) {
      expect(parts.get(group) ?? part, group).toBe(part)
      parts.set(group, part)
    }
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
