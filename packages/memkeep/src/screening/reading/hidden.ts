/** Characters that nobody sees: zero width, direction, soft hyphens, fillers, the tag alphabet, variation selectors. */
const unseen = /\p{Default_Ignorable_Code_Point}/gu
const anyUnseen = /\p{Default_Ignorable_Code_Point}/u

/** Between two Latin letters none of these has any business; joiners do in emoji, Persian and the scripts of India. */
const insideWord = /[a-z](?:(?!\u200c)\p{Default_Ignorable_Code_Point})+(?=[a-z])/giu

/** Turns the direction of writing round, so that what is read is not what stands there. */
const overriding = /[\u202d\u202e\u2066-\u2068]/u

export interface Shown {
  readonly text: string
  /** ASCII that was written in the tag alphabet, which nothing shows. */
  readonly tagged: string
  /** How often something unseen was there that plain writing does not need. */
  readonly hidden: number
}

/** The text without what nobody sees. */
export function stripHidden(text: string): Shown {
  if (!anyUnseen.test(text)) return { text, tagged: '', hidden: 0 }
  const tagged = taggedAscii(text)
  const inside = text.match(insideWord)?.length ?? 0
  const hidden = inside + (overriding.test(text) ? 1 : 0) + (tagged.length > 7 ? 1 : 0)
  return { text: text.replace(unseen, ''), tagged: tagged.length > 7 ? tagged : '', hidden }
}

/** A flag of a region takes up to seven of these; more is a text. */
function taggedAscii(text: string): string {
  let ascii = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    if (code >= 0xe0020 && code <= 0xe007e) ascii += String.fromCharCode(code - 0xe0000)
  }
  return ascii
}
