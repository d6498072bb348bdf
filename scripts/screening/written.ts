const lookalikes: Readonly<Record<string, string>> = {
  a: 'а',
  c: 'с',
  e: 'е',
  i: 'і',
  o: 'о',
  p: 'р',
  s: 'ѕ',
  x: 'х',
  y: 'у',
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const hex = (text: string): string => Buffer.from(text).toString('hex')
const each = (text: string, change: (code: number) => number): string =>
  [...text].map((character) => String.fromCodePoint(change(character.codePointAt(0)!))).join('')

const writings: Readonly<Record<string, (text: string) => string>> = {
  base64,
  base64x2: (text) => base64(base64(text)),
  hex,
  hex64: (text) => base64(hex(text)),
  percent: (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  escape: (text) => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  cyrillic: (text) => text.replace(/[aceiopsxy]/g, (letter) => lookalikes[letter]!),
  fullwidth: (text) => each(text, (code) => (code > 32 && code < 127 ? code + 0xfee0 : code)),
  bold: (text) => each(text, (code) => (code >= 97 && code <= 122 ? code - 97 + 0x1d41a : code)),
  tags: (text) => each(text, (code) => code + 0xe0000),
  zerowidth: (text) => [...text].join('\u200b'),
}

/** A row of the corpus as it is meant: `\n` is a line end, `{base64:text}` the text in that writing. */
export function written(row: string): string {
  return row
    .replaceAll('\\n', '\n')
    .replace(/\{([a-z0-9]+):([^{}]+)\}/g, (whole, writing, text) => writings[writing]?.(text) ?? whole)
}
