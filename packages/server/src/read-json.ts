import { losesDigits, lostDigits } from './loses-digits.ts'

const deepest = 64
const programsKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export interface ReadJson {
  readonly value: unknown
  /** Why two readers could disagree about it: a key that stands twice in an object, one that means something else to a program than to a reader,
   * a whole number that would be rounded; or why it is not looked at: nesting deeper than 64, more values than are taken. Null: nothing is. */
  readonly wrong: string | null
}

/** The most values that one text holds, unless more are asked for: 8 KiB of metadata cannot hold so many, and nothing else that is taken does. */
export const mostValues = 10_000

/**
 * JSON.parse, held against its text, which is looked at first: what is made of values costs many times its bytes, here and in whatever checks it later. Of a
 * text that is nested too deep or holds too many values nothing is made. `sees` is told of every key. Throws `SyntaxError` for what is not JSON.
 */
export function readJson(
  text: string,
  sees: (key: string) => void = () => {},
  most = mostValues,
  refusedKeys = programsKeys,
): ReadJson {
  const { wrong, isRead } = walk(text, sees, most, refusedKeys)
  return { value: isRead ? JSON.parse(text) : undefined, wrong }
}

/** As `readJson`, for a file, however many values are in it: a key may have any name there, as in metadata that a program stored. */
export function readFileJson(text: string): ReadJson {
  return readJson(text, () => {}, Number.POSITIVE_INFINITY, new Set())
}

/** An open object's keys so far and whether the next string is a key; an open array has no keys. */
interface Level {
  readonly keys: Set<string> | null
  atKey: boolean
}

/** Strings, numbers and marks, of JSON or not. A string's end is looked for by hand: an expression would need a stack as long as the string. */
function* tokensOf(text: string): Generator<string> {
  const start = /["{}[\],]|-?\d[\d.eE+-]*/g
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    if (found[0] === '"') start.lastIndex = endOfString(text, start.lastIndex)
    yield text.slice(found.index, start.lastIndex)
  }
}

/** Behind the quote that ends it; the text's end where none does. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0
    while (text[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
  }
  return text.length
}

/** Walks over text, JSON or not, to the end unless there is too much of it: every key is seen, whatever else is wrong. */
function walk(text: string, sees: (key: string) => void, most: number, refusedKeys: ReadonlySet<string>) {
  const levels: Level[] = []
  let wrong: string | null = null
  let values = 0
  for (const token of tokensOf(text)) {
    const level = levels.at(-1)
    if ('{[,'.includes(token) && ++values > most) return { wrong: `more than ${most} values`, isRead: false }
    if (token === '{' || token === '[') {
      if (levels.length === deepest) return { wrong: `nested deeper than ${deepest}`, isRead: false }
      levels.push({ keys: token === '{' ? new Set() : null, atKey: token === '{' })
    } else if (token === '}' || token === ']') levels.pop()
    else if (token === ',') {
      if (level !== undefined) level.atKey = level.keys !== null
    } else if (losesDigits(token)) wrong ??= lostDigits
    else if (level?.atKey === true) {
      level.atKey = false
      const key = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1)
      wrong ??= wrongKey(level.keys!, key, refusedKeys)
      level.keys!.add(key)
      sees(key)
    }
  }
  return { wrong, isRead: true }
}

function wrongKey(keys: ReadonlySet<string>, key: string, refusedKeys: ReadonlySet<string>): string | null {
  if (keys.has(key)) return 'a key stands twice in one object'
  return refusedKeys.has(key) ? `keys are not named ${[...refusedKeys].join(', ')}` : null
}
