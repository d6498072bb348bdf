/**
 * What a reader may take for a bracket, a quotation mark, a fence or a line end, in any width and by whatever it looks like, and whatever is not seen:
 * joiners, direction, tags, blanks. `[` begins marks of roles, and `##` a heading.
 *
 * Marks that open and close are known by their Unicode property, but for those that ordinary text is full of and that look like none of ours:
 * parentheses, the closing square bracket, the apostrophe, and the corner brackets of Japanese. A joiner stays where it does something: one, between letters
 * of a script that joins, or inside an emoji.
 */
export const risky = new RegExp(
  [
    String.raw`[<>\u0060[\u007f-\u009f\u2028\u2029\ufff9-\ufffb\u2800]`,
    String.raw`(?![(){}\]\u2018-\u201b\uff08\uff09\u300c-\u300f])[\p{Pi}\p{Pf}\p{Ps}\p{Pe}]`,
    // Confusable with U+0022, U+003C, U+003E or U+007C, and no such mark by property.
    String.raw`[\u02ba\u02c2\u02c3\u02dd\u02ee\u02f6\u05f4\u1433\u1438\u16b2\u2033\u2036\u226a\u226b\u22d8\u22d9\u2af7\u2af8\u275d\u275e\u3003\uff02\uff1c\uff1e\uff5c\u{1f676}-\u{1f678}]`,
    String.raw`(?!\u200c|\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}`,
    // Neither between letters of a script that joins, nor, for U+200D, between pictographs.
    String.raw`(?!(?<=${joining()}\p{M}?)[\u200c\u200d]${joining()}|(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d\p{Extended_Pictographic})[\u200c\u200d]`,
    String.raw`(?<!\p{Extended_Pictographic}|[0-9#*](?=\ufe0f\u20e3))\ufe0f`,
    '#(?=#)',
  ].join('|'),
  'gu',
)

/** A letter of a script in which a joiner changes how a word is written. */
function joining(): string {
  const others = ['Latin', 'Greek', 'Cyrillic', 'Han', 'Hiragana', 'Katakana', 'Hangul', 'Hebrew']
  return `(?!${others.map((script) => String.raw`\p{Script=${script}}`).join('|')})\\p{L}`
}

/**
 * A text, or data, as JSON on one line: nothing in a string of it can end that string, be taken for mark-up, or hide. For whoever reads it as a prompt; it
 * parses to what was given.
 */
export function quoted(value: string | object): string {
  return JSON.stringify(value).replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, (string) => string.replace(risky, escaped))
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('')
}
