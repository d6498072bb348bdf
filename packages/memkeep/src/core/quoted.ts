/**
 * What a reader may take for a bracket, a quotation mark, a fence or a line end, in any width and by whatever it looks like, and whatever is not seen: joiners, direction,
 * tags. Joiners inside emoji and words stay. `[` begins marks of roles, and `##` a heading.
 */
export const risky =
  /[<>`[\u007f-\u009f\u02ba\u02c2\u02c3\u02dd\u02ee\u02f6\u05f4\u1433\u1438\u2028\u2029\u201c-\u201f\u2033\u2036\u2039\u203a\u2329\u232a\u275d\u275e\u276c-\u276f\u27e8\u27e9\u3003\u3008-\u300b\u301d-\u301f\ufe64\ufe65\uff02\uff1c\uff1e\uff3b\uff3d\uff5c\ufff9-\ufffb]|(?!\u200c|\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}|#(?=#)/gu

/** A text as a JSON string on one line that nothing in it can end, for whoever reads it as a prompt. */
export function quoted(content: string): string {
  return JSON.stringify(content).replace(risky, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
