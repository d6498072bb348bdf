/** What no text of a memory may show as it is: mark-up, fences, line ends, and what nobody sees. Joiners inside emoji and words stay. */
const risky = /[\u007f-\u009f\u2028\u2029<>`]|(?!\u200c|\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}/gu

/** JSON that no reader takes for mark-up or for a line of its own, and in which nothing hides. */
export function quoted(data: object): string {
  return JSON.stringify(data).replace(risky, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
