import { peek } from './encoded.ts'
import { stripHidden } from './hidden.ts'
import { plainForm } from './plain-form.ts'
import { wordsOf } from './words.ts'

/** A text as the screen reads it. */
export interface Reading {
  /** Words in order; what was written so that it does not look like itself is announced by one of `signs`. */
  readonly words: readonly string[]
  readonly places: readonly number[]
}

/** Words that no text can hold, for how something was written. */
export const signs = Object.freeze({
  hidden: '<hidden>',
  lookalike: '<lookalike>',
  disguised: '<disguised>',
  decoded: '<decoded>',
  blob: '<blob>',
})

/** How deep encodings inside encodings are followed. */
const deepest = 3

/**
 * Reads a text: what is hidden or decoded out of it comes after it, as sentences of its own. Work is linear in the text:
 * an encoding is never shorter than what it stands for, and at most three are followed into each other.
 */
export function read(text: string): Reading {
  const words: string[] = []
  const places: number[] = []
  readInto(words, places, text, 0)
  return { words, places }
}

function readInto(words: string[], places: number[], text: string, depth: number): void {
  const shown = stripHidden(text)
  const peeked = peek(shown.text)
  const plain = plainForm(peeked.text)
  const own = wordsOf(plain.text)
  const first = (places.at(-1) ?? 0) + 2
  for (let at = 0; at < own.words.length; at++) {
    words.push(own.words[at]!)
    places.push(first + own.places[at]!)
  }
  const sign = (word: string): void => {
    words.push(word)
    places.push(places.at(-1)!)
  }
  if (shown.hidden > 0) sign(signs.hidden)
  if (plain.folded > 0) sign(signs.lookalike)
  if (own.disguised > 0) sign(signs.disguised)
  if (peeked.blobs > 0) sign(signs.blob)
  if (peeked.text !== shown.text) sign(signs.decoded)
  if (depth === deepest) return
  for (const inside of [...peeked.decoded, ...(shown.tagged === '' ? [] : [shown.tagged])]) {
    sign(signs.decoded)
    readInto(words, places, inside, depth + 1)
  }
}
