/** Letters of other scripts, and rare Latin ones, that are drawn like these. Full-width and mathematical letters are NFKC's. */
const drawnLike: readonly [latin: string, others: string][] = [
  ['a', 'аαɑᴀաﺍ⍺'],
  ['b', 'ьʙвᏏƅβ'],
  ['c', 'сϲᴄⲥҫ'],
  ['d', 'ԁɗᴅժ'],
  ['e', 'еєҽᴇεҿ℮'],
  ['f', 'ғꜰϝք'],
  ['g', 'ɡɢցԍ'],
  ['h', 'һհʜнᏂ'],
  ['i', 'іιɩıɪⅰ¡ί'],
  ['j', 'јϳᴊյ'],
  ['k', 'кκᴋĸ'],
  ['l', 'ӏⅼʟǀℓ'],
  ['m', 'мᴍⅿ'],
  ['n', 'пηɴոռ'],
  ['o', 'оοσօᴏჿഠ௦'],
  ['p', 'рρᴘƿ'],
  ['q', 'ԛզգ'],
  ['r', 'гʀᴦꭇɾ'],
  ['s', 'ѕꜱƽʂ'],
  ['t', 'тτᴛț'],
  ['u', 'υսᴜʋц'],
  ['v', 'νѵᴠⅴ'],
  ['w', 'ԝωᴡѡա'],
  ['x', 'хχⅹ×'],
  ['y', 'уүγʏყ'],
  ['z', 'ᴢʐʑ'],
]

export const confusables: ReadonlyMap<string, string> = new Map(
  drawnLike.flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
)

const latinWord = /\p{Script=Latin}/u
const lookalike = new RegExp(`[${[...confusables.keys()].join('')}]`, 'u')
const word = /[\p{L}\p{M}×¡]+/gu

/**
 * Words that mix Latin letters with lookalikes of them, read as Latin; in a text that is mostly Latin also those made of
 * lookalikes alone. Russian and Greek stay what they are. In lower case, with how many words were changed.
 */
export function foldConfusables(text: string): { readonly text: string; readonly folded: number } {
  if (!lookalike.test(text)) return { text, folded: 0 }
  const mostlyLatin = countOf(text, /\p{Script=Latin}/gu) * 2 > countOf(text, /\p{L}/gu)
  let folded = 0
  const changed = text.replace(word, (each) => {
    if (!lookalike.test(each)) return each
    const mixed = latinWord.test(each)
    if (!mixed && !(mostlyLatin && [...each].every((letter) => confusables.has(letter)))) return each
    const latin = [...each].map((letter) => confusables.get(letter) ?? letter).join('')
    if (latin !== each) folded++
    return latin
  })
  return { text: changed, folded }
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
