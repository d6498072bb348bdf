import { german } from './lexicon-de.ts'
import { english } from './lexicon-en.ts'
import { spanish } from './lexicon-es.ts'
import { french } from './lexicon-fr.ts'
import { life } from './lexicon-life.ts'
import { marks } from './lexicon-marks.ts'
import { others } from './lexicon-others.ts'
import { Matcher } from './matcher.ts'
import { RuleSet } from './rule-hits.ts'
import { ruleList } from './rule-list.ts'

export interface ScreeningRules {
  readonly matcher: Matcher
  readonly ruleSet: RuleSet
}

let made: ScreeningRules | undefined

/** Every language at once: nobody has to say in which one a text is. Made when they are first asked for, some thousand phrases. */
export function screeningRules(): ScreeningRules {
  if (made !== undefined) return made
  const matcher = new Matcher([marks, english, german, french, spanish, others, life])
  made = { matcher, ruleSet: new RuleSet(matcher, ruleList) }
  return made
}
