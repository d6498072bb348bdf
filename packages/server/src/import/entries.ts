import { MemkeepError } from 'memkeep'
import { readFileJson } from '../read-json.ts'

/** One line of JSON Lines, or one message of a document: its value, or what is wrong with it. */
export type Entry =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly problem: MemkeepError }

export interface Entries {
  /** What the numbers count, from 1. */
  readonly unit: 'line' | 'message'
  readonly entries: readonly Entry[]
}

const longestLine = 1024 * 1024
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

/** Takes a file apart: JSON Lines, or one JSON document, `{"messages": [...]}` or the messages alone. Blank lines count and hold nothing. */
export function entriesOf(file: Buffer): Entries {
  const bytes = file.subarray(0, 3).equals(byteOrderMark) ? file.subarray(3) : file
  const lines = linesOf(bytes)
  const [first] = lines
  // A document is not JSON up to its first line break, or it says so on its one line.
  if (first !== undefined && ('problem' in first || isConversation(first.value) || Array.isArray(first.value))) {
    const whole = parse(bytes)
    if ('isJson' in whole) return { unit: 'line', entries: [{ number: 1, problem: whole.problem }] }
    if ('value' in whole && isConversation(whole.value)) return messagesOf(whole.value.messages)
    if ('value' in whole && Array.isArray(whole.value)) return messagesOf(whole.value)
  }
  return { unit: 'line', entries: lines }
}

/** The value of an entry. Throws what is wrong with it when it has none. */
export function entryValue(entry: Entry): unknown {
  if ('problem' in entry) throw entry.problem
  return entry.value
}

/** A value that is a whole talk rather than one turn of it. */
export function isConversation(value: unknown): value is { readonly messages: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, 'messages')
}

function messagesOf(messages: unknown): Entries {
  if (!Array.isArray(messages))
    return { unit: 'line', entries: [{ number: 1, problem: invalid('messages must be an array') }] }
  return { unit: 'message', entries: messages.map((value, index) => ({ number: index + 1, value })) }
}

function linesOf(bytes: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline === -1 ? bytes.length : newline
    const line = bytes.subarray(start, end)
    start = end + 1
    if (line.length > longestLine)
      entries.push({ number, problem: new MemkeepError('ERR_INPUT_TOO_LARGE', 'is longer than 1 MiB') })
    else if (!isBlank(line)) {
      const parsed = parse(line)
      entries.push({ number, ...('problem' in parsed ? { problem: parsed.problem } : parsed) })
    }
  }
  return entries
}

type Parsed =
  | { readonly value: unknown }
  /** `isJson`: it is, though two readers could disagree about it. */
  | { readonly problem: MemkeepError; readonly isJson?: true }

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function parse(bytes: Buffer): Parsed {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { problem: invalid('is not UTF-8') }
  }
  try {
    const { value, wrong } = readFileJson(text)
    return wrong === null ? { value } : { problem: invalid(wrong), isJson: true }
  } catch {
    return { problem: invalid('is not JSON') }
  }
}

function invalid(why: string): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', why)
}
