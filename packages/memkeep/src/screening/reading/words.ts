/** Starts every sentence and every line. */
export const sentenceStart = '^'

export interface Words {
  /** In lower case, without accents; a mark that may matter is a word by itself; `^` starts a sentence. */
  readonly words: readonly string[]
  /** Where each stands, in words; a new sentence is five further on, marks take no place. */
  readonly places: readonly number[]
  /** How many words were written with digits for letters, or letter by letter. */
  readonly disguised: number
}

const sentenceStep = 5
const fewestSpaced = 4
/** What is longer is no word; nobody reads on. */
const longestWord = 48

const [space, letter, mark, end, lone] = [0, 1, 2, 3, 4]

/** By character code below 128. Apostrophes belong to words. */
const asciiKinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[a-z0-9_'@$]/i.test(character)) return letter
  if (/[.!?;\n\r]/.test(character)) return end
  return code <= 32 || code === 127 || character === '"' ? space : mark
})

function kindOf(code: number): number {
  if (code < 128) return asciiKinds[code]!
  if (code === 0x3002 || code === 0x2028 || code === 0x2029 || code === 0x0964) return end
  if ((code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff)) return lone
  if (code === 0x2019 || code === 0x02bc) return letter
  if ((code >= 0x80 && code <= 0xbf) || (code >= 0x2000 && code <= 0x2bff) || (code >= 0x3000 && code <= 0x303f))
    return space
  return code >= 0xd800 && code <= 0xdfff ? space : letter
}

/** The words of a text that is already in its plain form (`plainForm`). One pass. */
export function wordsOf(text: string): Words {
  const made = new WordList()
  let from = -1
  for (let at = 0; at <= text.length; at++) {
    const kind = at === text.length ? end : kindOf(text.charCodeAt(at))
    if (kind === letter && from >= 0) continue
    if (kind === letter) {
      const address = at > 0 && insideAddress.has(text.charCodeAt(at - 1)) ? 0 : addressAt(text, at)
      if (address > 0) {
        made.word(text.slice(at, at + address).includes('@') ? '<email>' : '<url>')
        at += address - 1
      } else from = at
      continue
    }
    if (from >= 0) made.word(text.slice(from, Math.min(at, from + longestWord)))
    from = -1
    if (at === text.length) break
    if (kind === lone) made.word(text[at]!)
    else if (kind === mark) made.mark(text[at]!)
    else if (kind === end && endsSentence(text, at)) made.sentence()
  }
  return made.finish()
}

/** A full stop inside `3.5` or `notes.txt` ends nothing. */
function endsSentence(text: string, at: number): boolean {
  if (text[at] !== '.') return true
  return at + 1 === text.length || kindOf(text.charCodeAt(at + 1)) !== letter
}

const topDomains = new Set(
  'com net org io dev app co example test invalid info biz ru cn xyz onion me ai cloud site online top uk de fr es it eu pl nl ch at tech link click live'.split(
    ' ',
  ),
)

/** What stands between the parts of an address: what follows one was looked at already, and is not looked at again. */
const insideAddress = new Set([...'.-+/@'].map((mark) => mark.charCodeAt(0)))

/** Length of the address that begins here; 0 when none does. */
function addressAt(text: string, at: number): number {
  let stop = at
  let dot = -1
  let sign = -1
  let slash = -1
  for (; stop < text.length; stop++) {
    const code = text.charCodeAt(stop)
    if (code === 46) dot = slash < 0 ? stop : dot
    else if (code === 64) sign = slash < 0 ? stop : sign
    else if (code === 58 && text.startsWith('://', stop)) return lengthToSpace(text, at)
    else if (code === 47) slash = slash < 0 ? stop : slash
    else if (code !== 45 && code !== 43 && kindOf(code) !== letter) break
    if (slash >= 0 && dot < 0) return 0
  }
  while (stop > at && text.charCodeAt(stop - 1) === 46) stop--
  const hostEnd = slash < 0 ? stop : slash
  if (dot >= hostEnd) dot = text.slice(at, hostEnd).lastIndexOf('.') + at
  if (dot <= at || !topDomains.has(text.slice(dot + 1, hostEnd))) return 0
  return sign > at || dot > at + 1 ? stop - at : 0
}

function lengthToSpace(text: string, at: number): number {
  let stop = at
  while (stop < text.length && text.charCodeAt(stop) > 32) stop++
  while (stop > at && /[.,;!?)\]}>'"]/.test(text[stop - 1]!)) stop--
  return stop - at
}

class WordList {
  readonly #words: string[] = [sentenceStart]
  readonly #places: number[] = [0]
  #place = 0
  #disguised = 0
  /** Words of one letter at the end of the list. */
  #single = 0

  word(word: string): void {
    const plain = unleet(word)
    if (plain !== word) this.#disguised++
    if (word.length === 1 && /[a-z0-9@$]/.test(word)) this.#single++
    else this.#joinSingle()
    this.#push(plain, ++this.#place)
  }

  mark(mark: string): void {
    // `i.g.n.o.r.e` and `i-g-n-o-r-e` are one word too.
    if (this.#single > 0 && (mark === '-' || mark === '_' || mark === '|')) return
    this.#joinSingle()
    this.#push(mark, this.#place)
  }

  sentence(): void {
    if (this.#words.at(-1) === sentenceStart) return
    this.#joinSingle()
    this.#place += sentenceStep
    this.#push(sentenceStart, this.#place)
  }

  finish(): Words {
    this.#joinSingle()
    if (this.#words.length > 1 && this.#words.at(-1) === sentenceStart) {
      this.#words.pop()
      this.#places.pop()
    }
    return { words: this.#words, places: this.#places, disguised: this.#disguised }
  }

  #push(word: string, place: number): void {
    this.#words.push(word)
    this.#places.push(place)
  }

  /** Four letters in a row, each by itself, were one word. */
  #joinSingle(): void {
    if (this.#single >= fewestSpaced) {
      const joined = this.#words.splice(-this.#single).join('')
      const place = this.#places.splice(-this.#single)[0]!
      this.#push(unleet(joined), place)
      this.#place = place
      this.#disguised++
    }
    this.#single = 0
  }
}

const leetLetters: { readonly [digit: string]: string } = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  8: 'b',
  $: 's',
  '@': 'a',
}

/** `1gn0r3` as `ignore`. A number, a version, a time or a size is left alone. */
function unleet(word: string): string {
  if (word.length < 4 || !/[0134578@$]/.test(word)) return word
  const letters = word.replace(/[^a-z]/g, '').length
  if (letters < 2 || /[269]/.test(word) || letters * 5 < word.length * 2) return word
  if (/^[a-z]{1,12}[0-9]{1,4}$/.test(word) || /^[0-9]{1,4}[a-z]{1,4}$/.test(word)) return word
  return word.replace(/[0134578@$]/g, (digit) => leetLetters[digit]!)
}
