/**
 * What a reader may take for a bracket, a quotation mark, a fence or a line end, in any width, and whatever is not seen: joiners, direction,
 * tags. Joiners inside emoji and words stay. `[` begins marks of roles, and `##` a heading.
 */
export const risky =
  /[<>`[\u007f-\u009f\u2028\u2029\u201c-\u201f\u2039\u203a\u2329\u232a\u27e8\u27e9\u3008-\u300b\ufe64\ufe65\uff02\uff1c\uff1e\uff3b\uff3d\uff5c\ufff9-\ufffb]|(?!\u200c|\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}|#(?=#)/gu

/** A text as a JSON string on one line that nothing in it can end, for whoever reads it as a prompt. */
export function quoted(content: string): string {
  return JSON.stringify(content).replace(risky, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
