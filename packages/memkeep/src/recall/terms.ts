/** Marks that change how a character looks, not which word it is in: joiners, variation selectors, skin tones, key caps. */
const decoration = /[\p{Cf}\p{Me}\p{Variation_Selector}\p{Emoji_Modifier}]/gu
/** More accents on one character than any language writes. Normalising them takes time quadratic in their number. */
const accents = /(\p{M}{30})\p{M}+/gu
/** A run of letters and digits with their accents; a flag; a pictograph. Anything else parts terms. */
const run = /[\p{L}\p{N}][\p{L}\p{N}\p{Mn}\p{Mc}]*|\p{Regional_Indicator}{2}|\p{Extended_Pictographic}/gu
/** Scripts that put no space between words: only here does the segmenter know more than the expression above. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
/** Texts in which the above finds nothing to take away, to compose or to segment. */
const ascii = /^[\u0000-\u007f]*$/
const asciiRun = /[a-z0-9]+/g
/** What the capital I with a dot (`İstanbul`) becomes in lower case: nobody types that dot, which an i has already. */
const dottedI = 'i\u0307'
/** Longest term in code points: the rest of a longer run (a blob in base64, say) does not take part in matching. */
const longest = 64

// The locale is fixed: the terms of a text must not depend on where the process runs.
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/**
 * The words of `text` and how often each stands in it, for matching only: Unicode word segmentation, NFKC, lower case.
 * An apostrophe, a dot or an underscore parts words (`Sarah's` is found by `sarah`); every emoji is a word.
 * The same map for the same text on one version of ICU, in order of first appearance. Empty when the text has neither
 * letters nor digits nor emoji. Never throws.
 */
export function termsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  if (ascii.test(text)) {
    for (const word of text.toLowerCase().match(asciiRun) ?? []) count(counts, word)
    return counts
  }
  const plain = lowered(text).replaceAll(dottedI, 'i')
  countRuns(plain, counts)
  return counts
}

/** As `termsOf`, of a query: with the words as they stand in entries of before a dotted capital I was an i. */
export function queryTermsOf(text: string): Map<string, number> {
  const counts = termsOf(text)
  if (ascii.test(text)) return counts
  const before = lowered(text)
  if (!before.includes(dottedI)) return counts
  const former = new Map<string, number>()
  countRuns(before, former)
  return new Map([...former, ...counts])
}

function lowered(text: string): string {
  return text.replace(decoration, '').replace(accents, '$1').normalize('NFKC').toLowerCase()
}

function countRuns(plain: string, counts: Map<string, number>): void {
  for (const [found] of plain.matchAll(run)) {
    if (unspaced.test(found)) {
      for (const { segment } of segmenter.segment(found)) count(counts, segment)
    } else {
      count(counts, found)
    }
  }
}

function count(counts: Map<string, number>, word: string): void {
  const term = word.length > longest ? [...word].slice(0, longest).join('') : word
  counts.set(term, (counts.get(term) ?? 0) + 1)
}
