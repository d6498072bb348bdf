import { readFileSync } from 'node:fs'

/** Texts that were written by a writer who had seen neither rules nor weights. Nothing is trained or chosen on any of them. */
export interface FreshTexts {
  readonly attacks: readonly string[]
  /** Harmless, in words that attacks use. */
  readonly harmless: readonly string[]
  /** As `harmless`; written when lines like those had come into the corpus, before them, of other places and people. */
  readonly later: readonly string[]
}

/** A line is a text. */
export function readFresh(): FreshTexts {
  return { attacks: linesOf('attacks'), harmless: linesOf('benign'), later: linesOf('benign-later') }
}

function linesOf(name: string): string[] {
  const file = readFileSync(new URL(`../../corpus/fresh/${name}.txt`, import.meta.url), 'utf8')
  return file.split('\n').filter((line) => line !== '')
}
