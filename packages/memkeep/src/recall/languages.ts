/**
 * Knows the languages of texts and the forms of their words. Everything in it is synchronous, without side effects, and
 * answers the same for the same input. A word is one as `termsOf` finds it: in lower case, without an apostrophe.
 */
export interface Languages {
  /** The language of a text as an ISO 639-1 code (`en`), one that `language` knows. Null: its words are taken as they are. */
  languageOf(text: string): string | null
  /** Null for a code that it does not know. */
  language(code: string): Language | null
}

export interface Language {
  /** The stem of a word, so that `moved` finds `moving`. */
  stem(word: string): string
  /** True for a word that questions are full of and that says nothing of what is asked (`what`, `did`, `the`). */
  isStopWord(word: string): boolean
}
