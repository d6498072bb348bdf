import { losesDigits, lostDigits } from './loses-digits.ts'

const deepest = 64
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype'])

export interface ReadJson {
  readonly value: unknown
  /** Why two readers could disagree about it: a key that stands twice in an object, one that means something else to a program than to a reader,
   * a whole number that would be rounded, nesting deeper than 64. Null: they cannot. */
  readonly wrong: string | null
}

/** JSON.parse, held against its text. `sees` is told of every key. Throws `SyntaxError` for what is not JSON. */
export function readJson(text: string, sees: (key: string) => void = () => {}): ReadJson {
  const value: unknown = JSON.parse(text)
  return { value, wrong: faultIn(text, sees) }
}

/** An open object's keys so far and whether the next string is a key; an open array has no keys. */
interface Level {
  readonly keys: Set<string> | null
  atKey: boolean
}

/** Walks over text that JSON.parse has accepted, to the end unless it is nested too deep: every key is seen, whatever else is wrong. */
function faultIn(text: string, sees: (key: string) => void): string | null {
  const levels: Level[] = []
  let wrong: string | null = null
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]|-?\d[\d.eE+-]*/g)) {
    const level = levels.at(-1)
    if (token === '{' || token === '[') {
      if (levels.length === deepest) return `nested deeper than ${deepest}`
      levels.push({ keys: token === '{' ? new Set() : null, atKey: token === '{' })
    } else if (token === '}' || token === ']') levels.pop()
    else if (token === ',') {
      if (level !== undefined) level.atKey = level.keys !== null
    } else if (losesDigits(token)) wrong ??= lostDigits
    else if (level?.atKey === true) {
      level.atKey = false
      const key = JSON.parse(token) as string
      wrong ??= wrongKey(level.keys!, key)
      level.keys!.add(key)
      sees(key)
    }
  }
  return wrong
}

function wrongKey(keys: ReadonlySet<string>, key: string): string | null {
  if (keys.has(key)) return 'a key stands twice in one object'
  return refusedKeys.has(key) ? `keys are not named ${[...refusedKeys].join(', ')}` : null
}
