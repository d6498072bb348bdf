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

/** Every language at once: nobody has to say in which one a text is. */
export const matcher = new Matcher([marks, english, german, french, spanish, others, life])

export const ruleSet = new RuleSet(matcher, ruleList)
