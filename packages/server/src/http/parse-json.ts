import { MemkeepError } from 'memkeep'
import { losesDigits, lostDigits } from '../loses-digits.ts'
import { Refusal } from './problem.ts'

const deepest = 64
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * JSON.parse, but two readers can never disagree about the result: a key that stands twice in an object is refused, as are
 * keys that mean something else to a program than to a reader, whole numbers that would be rounded, and nesting deeper than 64.
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal(400, 'ERR_REQUEST_MALFORMED', 'the body is not JSON')
  }
  checkTokens(text)
  return value
}

/** An open object's keys so far and whether the next string is a key; an open array has no keys. */
interface Level {
  readonly keys: Set<string> | null
  atKey: boolean
}

/** Walks over text that JSON.parse has accepted. */
function checkTokens(text: string): void {
  const levels: Level[] = []
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]|-?\d[\d.eE+-]*/g)) {
    const level = levels.at(-1)
    if (token === '{' || token === '[') {
      if (levels.length === deepest) throw new MemkeepError('ERR_INPUT_INVALID', `nested deeper than ${deepest}`)
      levels.push({ keys: token === '{' ? new Set() : null, atKey: token === '{' })
    } else if (token === '}' || token === ']') levels.pop()
    else if (token === ',') {
      if (level !== undefined) level.atKey = level.keys !== null
    } else if (losesDigits(token)) throw new MemkeepError('ERR_INPUT_INVALID', lostDigits)
    else if (level?.atKey === true) {
      level.atKey = false
      checkKey(level.keys!, JSON.parse(token) as string)
    }
  }
}

function checkKey(keys: Set<string>, key: string): void {
  if (keys.has(key)) throw new MemkeepError('ERR_INPUT_INVALID', 'a key stands twice in one object')
  if (refusedKeys.has(key))
    throw new MemkeepError('ERR_INPUT_INVALID', `keys are not named ${[...refusedKeys].join(', ')}`)
  keys.add(key)
}
