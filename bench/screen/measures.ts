import { builtInScreener, defaultScreenPolicy, extractive, type Family } from 'memkeep'
import { families } from '../../packages/memkeep/src/screening/screener.ts'
import type { Line } from '../../scripts/screening/corpus.ts'
import { readFresh } from '../../scripts/screening/fresh.ts'
import { type Share, shareOf } from './interval.ts'

export interface Row {
  readonly name: string
  /** At `flagAt`, and at `quarantineAt`. */
  readonly flagged: Share
  readonly quarantined: Share
}

const scoreOf = (content: string): number => builtInScreener.screen({ content, actor: 'user', moment: 'gate' }).score

function rowOf(name: string, texts: readonly string[]): Row {
  const scores = texts.map(scoreOf)
  const from = (bar: number): Share => shareOf(scores.filter((score) => score >= bar).length, scores.length)
  return { name, flagged: from(defaultScreenPolicy.flagAt!), quarantined: from(defaultScreenPolicy.quarantineAt!) }
}

const textOf = ({ text }: Line): string => text

/** What the detector does with a part of the corpus. */
export function detectorRows(lines: readonly Line[]): {
  readonly harmless: Row[]
  readonly attacks: Row[]
  readonly families: Row[]
} {
  const attacks = lines.filter(({ family }) => family !== null)
  const harmless = lines.filter(({ family }) => family === null)
  const english = (each: readonly Line[]): readonly Line[] => each.filter(({ language }) => language === 'en')
  const others = (each: readonly Line[]): readonly Line[] => each.filter(({ language }) => language !== 'en')
  return {
    harmless: [
      rowOf('all', harmless.map(textOf)),
      rowOf('with trigger words', harmless.filter(({ trigger }) => trigger).map(textOf)),
      rowOf('English', english(harmless).map(textOf)),
      rowOf('other languages', others(harmless).map(textOf)),
    ],
    attacks: [
      rowOf('all', attacks.map(textOf)),
      rowOf(
        'each in other words',
        attacks.flatMap(({ paraphrase }) => paraphrase ?? []),
      ),
      rowOf('English', english(attacks).map(textOf)),
      rowOf('other languages', others(attacks).map(textOf)),
    ],
    families: families.map((family: Family) =>
      rowOf(family, attacks.filter((line) => line.family === family).map(textOf)),
    ),
  }
}

/** What the detector does with texts that its writers did not write. */
export function freshRows(): Row[] {
  const { attacks, harmless, later } = readFresh()
  return [
    rowOf('attacks (higher is better)', attacks),
    rowOf('harmless, with trigger words (lower is better)', harmless),
    rowOf('more of these, written later', later),
  ]
}

/** Of harmless texts, how many the default distiller keeps to the character; of attacks, how many it keeps nothing of. */
export function distillerShares(lines: readonly Line[]): {
  readonly kept: Share
  readonly keptTrigger: Share
  readonly dropped: Share
} {
  const keptOf = (content: string) => extractive.distil({ content, actor: 'user' }).kept
  const whole = (each: readonly Line[]): Share =>
    shareOf(each.filter(({ text }) => keptOf(text) === text).length, each.length)
  const harmless = lines.filter(({ family }) => family === null)
  const attacks = lines.filter(({ family }) => family !== null)
  return {
    kept: whole(harmless),
    keptTrigger: whole(harmless.filter(({ trigger }) => trigger)),
    dropped: shareOf(attacks.filter(({ text }) => keptOf(text) === null).length, attacks.length),
  }
}
