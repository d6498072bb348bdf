import { shippedModel } from './model/linear-model.ts'
import { screeningRules } from './rules/rule-set.ts'
import type { Finding, Reason } from './screener.ts'

/** Below this the model is no reason. */
const leastSaid = 0.01

/** What the model and the rules find in a text. Pure, and linear in the text. */
export function findIn(content: string): Finding {
  const { score, worst } = shippedModel().score(content)
  const { rules } = screeningRules().ruleSet
  const reasons = worst.rules.map((rule): Reason => {
    const { id, family, weight } = rules[rule]!
    return { rule: id, family, weight }
  })
  if (score >= leastSaid) reasons.push({ rule: 'model', family: null, weight: score })
  return { score, reasons: reasons.sort((a, b) => b.weight - a.weight) }
}
