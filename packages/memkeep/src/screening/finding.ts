import { shippedModel } from './model/linear-model.ts'
import { screeningRules } from './rules/rule-set.ts'
import type { Finding, Reason } from './screener.ts'

/** Below this the model is no reason. */
const leastSaid = 0.01
/**
 * The most that the model says where no rule says why. It knows the tone of attacks and not what they want, and texts of a kind that it was
 * never shown can have that tone: enough for a flag, not for keeping a memory from its owner.
 */
const mostUnexplained = 0.85

/** What the model and the rules find in a text. Pure, and linear in the text. */
export function findIn(content: string): Finding {
  const { score: said, worst } = shippedModel().score(content)
  const score = worst.rules.length === 0 ? Math.min(said, mostUnexplained) : said
  const { rules } = screeningRules().ruleSet
  const reasons = worst.rules.map((rule): Reason => {
    const { id, family, weight } = rules[rule]!
    return { rule: id, family, weight }
  })
  if (score >= leastSaid) reasons.push({ rule: 'model', family: null, weight: score })
  return { score, reasons: reasons.sort((a, b) => b.weight - a.weight) }
}
