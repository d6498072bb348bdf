/** What is known of a turn of a talk beside its words. */
export interface Turn {
  readonly speaker: string | null
  /** When it was said, in milliseconds since the Unix epoch. */
  readonly atMs: number | null
}

/**
 * Speaker and date of a turn in words (`Ana May 8, 2023`), to be found by: a question says who and when, the turn itself
 * rarely does. The date is that of UTC; month names are those of `language`, English without one. Empty when nothing is
 * known.
 */
export function turnWords({ speaker, atMs }: Turn, language: string | null): string {
  const date = atMs === null ? null : dateWords(language ?? 'en').format(atMs)
  return [speaker, date].filter((words) => words !== null).join(' ')
}

/** One for each language: making one takes longer than all else about a turn. */
const formats = new Map<string, Intl.DateTimeFormat>()

function dateWords(language: string): Intl.DateTimeFormat {
  const held = formats.get(language)
  if (held) return held
  const format = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
  formats.set(language, format)
  return format
}
