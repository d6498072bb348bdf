import type { Language } from './languages.ts'

/** Words with their counts as stems with theirs: words of one stem count together. The same map without a language. */
export function stemmed(words: ReadonlyMap<string, number>, language: Language | null): ReadonlyMap<string, number> {
  if (language === null) return words
  const stems = new Map<string, number>()
  for (const [word, count] of words) {
    const stem = stemOf(word, language)
    stems.set(stem, (stems.get(stem) ?? 0) + count)
  }
  return stems
}

/**
 * What to look for, by word of a query: its stem; nothing for stop words, unless it has no others. Words as they stand
 * without a language.
 */
export function queryStems(words: Iterable<string>, language: Language | null): Map<string, string> {
  const all = [...words]
  if (language === null) return new Map(all.map((word) => [word, word]))
  const telling = all.filter((word) => !language.isStopWord(word))
  return new Map((telling.length > 0 ? telling : all).map((word) => [word, stemOf(word, language)]))
}

/** The word itself where its language leaves nothing of it, or what no text can hold. */
function stemOf(word: string, language: Language): string {
  const stem = language.stem(word)
  return stem !== '' && stem.isWellFormed() ? stem : word
}
