import type { Reading } from '../reading/read.ts'
import { sentenceStart } from '../reading/words.ts'
import type { Occurrence } from '../rules/matcher.ts'
import type { Observed } from './observed.ts'

/** How many buckets features are hashed into: a power of two. */
export const buckets = 2 ** 15

/** Of longer words the first letters count. */
const longestWord = 16
/** Concepts further apart have nothing to do with each other. */
const conceptsApart = 12
const conceptsAhead = 4

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  const to = Math.min(text.length, longestWord)
  for (let at = 0; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

/** What kind of thing a hash is of: the same number means something else for each. */
const kinds = {
  word: 0x1b56c4e9,
  pair: 0x34b2f8d1,
  piece: 0x5c9a1e37,
  concept: 0x6e2d4b05,
  concepts: 0x7f4a7c15,
  rule: 0x2545f491,
}

/** FNV's low bits mix badly: the high ones are folded in. */
function bucketOf(kind: number, hash: number): number {
  let mixed = Math.imul(hash ^ kind ^ (hash >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return (mixed ^ (mixed >>> 15)) & (buckets - 1)
}

/** Of each bucket, in which look it was seen last. */
const seenIn = new Uint32Array(buckets)
let look = 0

/** The buckets that are seen in one look, each once. */
class Sight {
  readonly found: number[] = []
  readonly #look: number

  constructor() {
    if (look === 0xffffffff) seenIn.fill(0)
    look = (look % 0xffffffff) + 1
    this.#look = look
  }

  see(kind: number, hash: number): void {
    const bucket = bucketOf(kind, hash)
    if (seenIn[bucket] === this.#look) return
    seenIn[bucket] = this.#look
    this.found.push(bucket)
  }
}

/** The buckets of what a text shows, each once: words, pairs of them, pieces of words, concepts, pairs of those, and rules. */
export function featuresOf({ reading, occurrences, rules }: Observed): number[] {
  const sight = new Sight()
  seeWords(reading.words, sight)
  seeConcepts(reading, occurrences, sight)
  for (const rule of rules) sight.see(kinds.rule, rule)
  return sight.found
}

const [less, zero, nine] = [60, 48, 57]
const number = hashOf('0')
const edge = 95

function seeWords(words: readonly string[], sight: Sight): void {
  let before = hashOf(sentenceStart)
  for (const word of words) {
    const first = word.charCodeAt(0)
    // One number is as good as another.
    const isNumber = first >= zero && first <= nine
    const hash = isNumber ? number : hashOf(word)
    sight.see(kinds.word, hash)
    sight.see(kinds.pair, Math.imul(before, 31) ^ hash)
    before = hash
    if (!isNumber && word.length > 1 && first !== less) seePieces(word, sight)
  }
}

/** Three letters at a time, the edges of the word among them. */
function seePieces(word: string, sight: Sight): void {
  const to = Math.min(word.length, longestWord)
  let [a, b] = [edge, word.charCodeAt(0)]
  for (let at = 1; at <= to; at++) {
    const c = at === to ? edge : word.charCodeAt(at)
    sight.see(kinds.piece, Math.imul(Math.imul(a, 0x01000193) ^ b, 0x01000193) ^ c)
    a = b
    b = c
  }
}

function seeConcepts({ places }: Reading, occurrences: readonly Occurrence[], sight: Sight): void {
  for (let at = 0; at < occurrences.length; at++) {
    const { concept, to } = occurrences[at]!
    sight.see(kinds.concept, concept)
    let ahead = 0
    for (let next = at + 1; next < occurrences.length && ahead < conceptsAhead; next++) {
      const other = occurrences[next]!
      if (other.from < to) continue
      if (places[other.from]! - places[to - 1]! > conceptsApart) break
      ahead++
      sight.see(kinds.concepts, (concept << 8) | other.concept)
    }
  }
}
