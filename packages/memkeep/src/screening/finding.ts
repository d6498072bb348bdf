import { read } from './reading/read.ts'
import { matcher, ruleSet } from './rules/rule-set.ts'
import type { Finding, Reason } from './screener.ts'

/** What the rules find in a text. Pure, and linear in the text. */
export function findIn(content: string): Finding {
  const reading = read(content)
  const reasons = ruleSet
    .hits(reading, matcher.find(reading))
    .map((rule): Reason => {
      const { id, family, weight } = ruleSet.rules[rule]!
      return { rule: id, family, weight }
    })
    .sort((a, b) => b.weight - a.weight)
  return { score: 1 - reasons.reduce((left, { weight }) => left * (1 - weight), 1), reasons }
}
