import { readFileSync } from 'node:fs'

/** Texts that were written when the rules, the weights and the corpus stood, by a writer who had seen none of them. */
export interface FreshTexts {
  readonly attacks: readonly string[]
  /** Harmless, in words that attacks use. */
  readonly harmless: readonly string[]
}

/** A line is a text; nothing is trained or chosen on any of them. */
export function readFresh(): FreshTexts {
  return { attacks: linesOf('attacks'), harmless: linesOf('benign') }
}

function linesOf(name: string): string[] {
  const file = readFileSync(new URL(`../../corpus/fresh/${name}.txt`, import.meta.url), 'utf8')
  return file.split('\n').filter((line) => line !== '')
}
