import { foldConfusables } from './confusables.ts'

const ascii = /^[\u0000-\u007f]*$/
const accents = /[\u0300-\u036f]/g

export interface Plain {
  readonly text: string
  /** Words that mixed scripts to look like others. */
  readonly folded: number
}

/** NFKC, lookalikes read as Latin, lower case, no accents. Texts that look alike become alike. */
export function plainForm(text: string): Plain {
  if (ascii.test(text)) return { text: text.toLowerCase(), folded: 0 }
  const { text: latin, folded } = foldConfusables(text.normalize('NFKC').toLowerCase())
  const bare = latin.normalize('NFD').replace(accents, '').normalize('NFC').replaceAll('ß', 'ss').replaceAll('’', "'")
  return {
    text: bare
      .replaceAll('œ', 'oe')
      .replaceAll('æ', 'ae')
      .replaceAll('ø', 'o')
      .replaceAll('ł', 'l')
      .replaceAll('ı', 'i'),
    folded,
  }
}
