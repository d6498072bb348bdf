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
const longestStem = 20

/**
 * Finds the phrases of lexicons in the words of a text. Each word is looked up once as it stands and once for each of its
 * beginnings of at most twenty letters, so work is linear in the text whatever it says.
 */
export class Matcher {
  readonly #concepts = new Map<string, number>()
  readonly #exact = new Map<string, Phrase[]>()
  readonly #stems = new Map<string, Phrase[]>()
  /** The first three letters of all stems: most words begin with none of them. */
  readonly #beginnings = new Set<string>()

  constructor(lexicons: readonly Lexicon[]) {
    for (const lexicon of lexicons) {
      for (const [concept, phrases] of Object.entries(lexicon)) {
        for (const phrase of phrases.split(/\s*,\s+/)) this.#learn(this.#idOf(concept), phrase)
      }
    }
  }

  get concepts(): readonly string[] {
    return [...this.#concepts.keys()]
  }

  /** Most phrases that one word can begin. */
  get mostPerWord(): number {
    const most = (index: ReadonlyMap<string, Phrase[]>) =>
      Math.max(0, ...[...index.values()].map(({ length }) => length))
    return most(this.#exact) + (longestStem - shortestStem + 1) * most(this.#stems)
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
      if (word.length < shortestStem || !this.#beginnings.has(word.slice(0, shortestStem))) continue
      const most = Math.min(word.length, longestStem)
      for (let length = shortestStem; length <= most; length++) {
        const stems = this.#stems.get(word.slice(0, length))
        if (stems !== undefined) collect(found, stems, words, at)
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
    const stem = first!.endsWith('*') && first!.length > 1
    const index = stem ? this.#stems : this.#exact
    const key = stem ? first!.slice(0, -1) : first!
    if (stem && key.length < shortestStem) throw new Error(`the stem ${key} is too short`)
    if (stem) this.#beginnings.add(key.slice(0, shortestStem))
    const phrases = index.get(key)
    const phrase = { concept, rest }
    if (phrases === undefined) index.set(key, [phrase])
    else if (!phrases.some((known) => known.concept === concept && known.rest.join(' ') === rest.join(' ')))
      phrases.push(phrase)
  }
}

/** A phrase goes through the same reading as a text, but keeps its stars. */
function plainWords(written: string): string[] {
  return written.split(/\s+/).flatMap((part) => {
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
