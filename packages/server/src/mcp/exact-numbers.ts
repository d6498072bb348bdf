import { type Readable, Transform, type TransformCallback } from 'node:stream'
import { losesDigits, lostDigits } from '../loses-digits.ts'

/** Longer lines are passed on unread: the protocol's library ends a connection long before. */
const longestLine = 64 * 2 ** 20
/** JSON-RPC's "invalid params". */
const invalidParams = -32602

/**
 * The lines of `input`, one JSON-RPC message each, without those that hold a whole number which JavaScript would round: what
 * was stored would not be what was sent. Such a request is answered with an error, by `answer`, and goes no further. `passed` is told
 * each line that does.
 */
export function exactNumbers(
  input: Readable,
  answer: (line: string) => void,
  passed: (line: string) => void = () => {},
): Readable {
  let begun: Buffer[] = []
  let size = 0
  const lines = new Transform({
    transform(chunk: Buffer, _, done: TransformCallback) {
      let from = 0
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...begun, chunk.subarray(from, end + 1)])
        begun = []
        size = 0
        from = end + 1
        const text = line.length > longestLine ? null : line.toString('utf8')
        const refusal = text === null ? null : refusalOf(text)
        if (refusal === null) {
          if (text !== null) passed(text)
          this.push(line)
        }
        if (refusal !== null && refusal !== '') answer(`${refusal}\n`)
      }
      begun.push(chunk.subarray(from))
      size += chunk.length - from
      if (size > longestLine) for (const part of begun.splice(0)) this.push(part)
      done()
    },
    flush(done: TransformCallback) {
      for (const part of begun) this.push(part)
      done()
    },
  })
  input.once('error', (error) => lines.destroy(error)).once('close', () => lines.end())
  return input.pipe(lines)
}

/** A whole number that loses digits has no fewer. */
const manyDigits = /\d{16}/

/** Null for what may pass; the empty text for a message that nobody waits for an answer to. */
function refusalOf(line: string): string | null {
  if (!manyDigits.test(line)) return null
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    // The library says so. What follows is for JSON alone: on anything else it could take long.
    return null
  }
  const tokens = line.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)
  if (![...tokens].some(([token]) => losesDigits(token))) return null
  const { id } = Object(message) as { id?: unknown }
  if (id === undefined && !Array.isArray(message)) return ''
  const known = typeof id === 'string' || Number.isSafeInteger(id) ? id : null
  const error = { code: invalidParams, message: `ERR_INPUT_INVALID: the message ${lostDigits}` }
  return JSON.stringify({ jsonrpc: '2.0', id: known, error })
}
