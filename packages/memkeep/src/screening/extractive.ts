import type { DistilInput, Distillate, Distiller, Omission, Omitted } from './distiller.ts'
import { findIn } from './finding.ts'
import type { Family, Reason } from './screener.ts'
import { sentencesOf } from './sentences.ts'

/** From this score on a sentence is not kept. */
const omitAt = 0.5

const omissionOf: Readonly<Record<Family, Omission>> = {
  'standing-order': 'standing-order',
  'identity-redirection': 'identity-redirection',
  'authority-claim': 'instruction',
  exfiltration: 'tool-call',
  'tool-driving': 'tool-call',
  'role-forgery': 'instruction',
  'fabricated-precedent': 'instruction',
  'bridging-step': 'identity-redirection',
  override: 'instruction',
  concealment: 'instruction',
  'delayed-trigger': 'standing-order',
  'encoded-payload': 'encoded',
}

/** One that answers at once. */
export interface PromptDistiller extends Distiller {
  distil(input: DistilInput): Distillate
}

/** The default distiller: keeps the sentences that state something, as they stand, and leaves out those that give orders. */
export const extractive: PromptDistiller = Object.freeze({
  name: 'extractive',
  distil: extract,
})

function extract({ content, score: whole }: DistilInput): Distillate {
  const sentences = sentencesOf(content)
  // One sentence is the whole text, which need not be looked at twice.
  if (sentences.length === 1 && whole !== undefined && whole < omitAt) return { kept: content, omitted: [] }
  const kept: string[] = []
  const omitted: Omitted[] = []
  for (const sentence of sentences) {
    const { score, reasons } = findIn(sentence)
    if (score < omitAt) kept.push(sentence)
    else omitted.push({ text: sentence.trim(), why: whyOf(reasons) })
  }
  if (omitted.length === 0) return { kept: content, omitted }
  const text = kept.join('').trim()
  return { kept: text === '' ? null : text, omitted }
}

/** What the weightiest rule says; what the model alone saw has no name. */
function whyOf(reasons: readonly Reason[]): Omission {
  const family = reasons.find((reason) => reason.family !== null)?.family
  return family == null ? 'other' : omissionOf[family]
}
