import { plainForm } from '../reading/plain-form.ts'
import type { Reading } from '../reading/read.ts'
import { wordsOf } from '../reading/words.ts'
import type { Lexicon } from './lexicon.ts'

/** A concept found in a text: where it begins and ends, counted in words of the reading. */
export interface Occurrence {
  readonly concept: number
  readonly from: number
  readonly to: number
}

interface Phrase {
  readonly concept: number
  /** What has to follow the first word. `*` at the end of a word stands for any ending. */
  readonly rest: readonly string[]
}

const shortestStem = 3

interface Stem {
  readonly stem: string
  readonly phrases: Phrase[]
}

/**
 * Finds the phrases of lexicons in the words of a text. Each word is looked up as it stands, and beside the few stems that begin
 * with its first three letters, so work is linear in the text whatever it says.
 */
export class Matcher {
  readonly #concepts = new Map<string, number>()
  readonly #exact = new Map<string, Phrase[]>()
  /** By their first three letters. */
  readonly #stems = new Map<string, Stem[]>()

  constructor(lexicons: readonly Lexicon[]) {
    for (const lexicon of lexicons) {
      for (const [concept, phrases] of Object.entries(lexicon)) {
        for (const phrase of phrases.split(/\s*,\s+/)) this.#learn(this.#idOf(concept), phrase)
      }
    }
  }

  /** Most phrases that one word can begin. */
  get mostPerWord(): number {
    const exact = [...this.#exact.values()].map(({ length }) => length)
    const stems = [...this.#stems.values()].map((all) => all.reduce((sum, { phrases }) => sum + phrases.length, 0))
    return Math.max(0, ...exact) + Math.max(0, ...stems)
  }

  conceptNamed(name: string): number {
    const id = this.#concepts.get(name)
    if (id === undefined) throw new Error(`no lexicon has the concept ${name}`)
    return id
  }

  /** In the order in which they begin. */
  find({ words }: Reading): Occurrence[] {
    const found: Occurrence[] = []
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!
      const exact = this.#exact.get(word)
      if (exact !== undefined) collect(found, exact, words, at)
      if (word.length < shortestStem) continue
      for (const { stem, phrases } of this.#stems.get(word.slice(0, shortestStem)) ?? []) {
        if (word.startsWith(stem)) collect(found, phrases, words, at)
      }
    }
    return found
  }

  #idOf(concept: string): number {
    const known = this.#concepts.get(concept)
    if (known !== undefined) return known
    const id = this.#concepts.size
    this.#concepts.set(concept, id)
    return id
  }

  #learn(concept: number, written: string): void {
    const [first, ...rest] =
      written.startsWith('<') || /[<>^#|[\]{}]/.test(written) ? written.split(/\s+/) : plainWords(written)
    const phrase = { concept, rest }
    const phrases = this.#phrasesOf(first!)
    const known = phrases.some((each) => each.concept === concept && each.rest.join(' ') === rest.join(' '))
    if (!known) phrases.push(phrase)
  }

  /** The list of phrases that begin with this word, or with any word of this stem. */
  #phrasesOf(first: string): Phrase[] {
    if (!first.endsWith('*') || first.length === 1) return listAt(this.#exact, first)
    const stem = first.slice(0, -1)
    if (stem.length < shortestStem) throw new Error(`the stem ${stem} is too short`)
    const stems = listAt(this.#stems, stem.slice(0, shortestStem))
    const known = stems.find((each) => each.stem === stem)
    if (known !== undefined) return known.phrases
    const made: Stem = { stem, phrases: [] }
    stems.push(made)
    return made.phrases
  }
}

function listAt<T>(index: Map<string, T[]>, key: string): T[] {
  const known = index.get(key)
  if (known !== undefined) return known
  const made: T[] = []
  index.set(key, made)
  return made
}

const plainWord = /^[a-z]+\*?$/

/** A phrase goes through the same reading as a text, but keeps its stars. */
function plainWords(written: string): string[] {
  return written.split(/\s+/).flatMap((part) => {
    if (plainWord.test(part)) return [part]
    const stem = part.endsWith('*') ? '*' : ''
    const words = wordsOf(plainForm(part.replace('*', '')).text).words.slice(1)
    return words.map((word, at) => (at === words.length - 1 ? word + stem : word))
  })
}

function collect(found: Occurrence[], phrases: readonly Phrase[], words: readonly string[], at: number): void {
  for (const { concept, rest } of phrases) {
    let to = at + 1
    while (to - at <= rest.length && to < words.length && fits(rest[to - at - 1]!, words[to]!)) to++
    if (to - at > rest.length) found.push({ concept, from: at, to })
  }
}

function fits(pattern: string, word: string): boolean {
  return pattern.endsWith('*') && pattern.length > 1 ? word.startsWith(pattern.slice(0, -1)) : pattern === word
}
