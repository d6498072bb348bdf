import { MemkeepError } from 'memkeep'
import { losesDigits, lostDigits } from '../loses-digits.ts'
import { namesScope, ScopeSmuggled } from '../operations/names-scope.ts'
import { Refusal } from './problem.ts'

const deepest = 64
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * JSON.parse, but two readers can never disagree about the result: a key that stands twice in an object is refused, as are
 * keys that mean something else to a program than to a reader, whole numbers that would be rounded, and nesting deeper than 64.
 */
export function parseJson(text: string, notJson = 'the body is not JSON'): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal(400, 'ERR_REQUEST_MALFORMED', notJson)
  }
  checkTokens(text)
  return value
}

/** An open object's keys so far and whether the next string is a key; an open array has no keys. */
interface Level {
  readonly keys: Set<string> | null
  atKey: boolean
}

/** Walks over text that JSON.parse has accepted. To the end, so that what is refused is known for an attempt wherever it names a scope. */
function checkTokens(text: string): void {
  const levels: Level[] = []
  let wrong: string | null = null
  let attempt = false
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]|-?\d[\d.eE+-]*/g)) {
    const level = levels.at(-1)
    if (token === '{' || token === '[') {
      if (levels.length === deepest) throw new MemkeepError('ERR_INPUT_INVALID', `nested deeper than ${deepest}`)
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
      attempt ||= key === '__proto__' || namesScope(key)
    }
  }
  if (wrong !== null) throw attempt ? new ScopeSmuggled(wrong) : new MemkeepError('ERR_INPUT_INVALID', wrong)
}

function wrongKey(keys: ReadonlySet<string>, key: string): string | null {
  if (keys.has(key)) return 'a key stands twice in one object'
  return refusedKeys.has(key) ? `keys are not named ${[...refusedKeys].join(', ')}` : null
}
