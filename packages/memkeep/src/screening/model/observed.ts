import { type Reading, read } from '../reading/read.ts'
import type { Occurrence } from '../rules/matcher.ts'
import { screeningRules } from '../rules/rule-set.ts'

/** A text, or a stretch of one, as the model sees it. */
export interface Observed {
  readonly reading: Reading
  readonly occurrences: readonly Occurrence[]
  /** Numbers of the rules that hold in it. */
  readonly rules: readonly number[]
}

/** Up to here a text is looked at whole. */
const wholeWords = 64
const [windowWords, windowStep] = [48, 24]

/**
 * A text in stretches that overlap by half, so that an attack in a long text is not outweighed by what stands around it. A short
 * text is one stretch.
 */
export function observe(text: string): Observed[] {
  const { matcher, ruleSet } = screeningRules()
  const reading = read(text)
  const occurrences = matcher.find(reading)
  if (reading.words.length <= wholeWords) {
    return [{ reading, occurrences, rules: ruleSet.hits(reading, occurrences) }]
  }
  const windows: Observed[] = []
  let first = 0
  for (let from = 0; from < reading.words.length - windowStep; from += windowStep) {
    const to = Math.min(from + windowWords, reading.words.length)
    while (first < occurrences.length && occurrences[first]!.from < from) first++
    windows.push(stretch(reading, occurrences, first, from, to))
  }
  return windows
}

function stretch(
  { words, places }: Reading,
  occurrences: readonly Occurrence[],
  first: number,
  from: number,
  to: number,
): Observed {
  const reading = { words: words.slice(from, to), places: places.slice(from, to) }
  const inside: Occurrence[] = []
  for (let at = first; at < occurrences.length && occurrences[at]!.from < to; at++) {
    const { concept, from: begins, to: ends } = occurrences[at]!
    if (ends <= to) inside.push({ concept, from: begins - from, to: ends - from })
  }
  return { reading, occurrences: inside, rules: screeningRules().ruleSet.hits(reading, inside) }
}
