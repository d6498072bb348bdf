import { type Readable, Transform, type TransformCallback } from 'node:stream'
import { losesDigits, lostDigits } from '../loses-digits.ts'

/** Longer lines are passed on unread: the protocol's library ends a connection long before. */
const longestLine = 64 * 2 ** 20
/** JSON-RPC's "invalid params". */
const invalidParams = -32602

export interface StrictLinesOptions {
  /** Sends one line to whoever wrote the input. */
  readonly answer: (line: string) => void
  /** What is wrong with a message, beside its numbers; null: it may pass. */
  readonly wrong: (message: unknown) => string | null
}

/**
 * The lines of `input`, one JSON-RPC message each, without those that hold a whole number which JavaScript would round (what was stored would not be
 * what was sent), and without those that are `wrong`. Such a request is answered with an error and goes no further. What is no JSON goes on: the
 * protocol's library says so.
 */
export function strictLines(input: Readable, { answer, wrong }: StrictLinesOptions): Readable {
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
        const refusal = line.length > longestLine ? null : refusalOf(line.toString('utf8'), wrong)
        if (refusal === null) this.push(line)
        else if (refusal !== '') answer(`${refusal}\n`)
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

/** Null for what may pass; the empty text for a message that nobody waits for an answer to. */
function refusalOf(line: string, wrong: StrictLinesOptions['wrong']): string | null {
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    return null
  }
  const fault = roundsNumbers(line) ? `the message ${lostDigits}` : wrong(message)
  if (fault === null) return null
  const { id } = Object(message) as { id?: unknown }
  if (id === undefined && !Array.isArray(message)) return ''
  const known = typeof id === 'string' || Number.isSafeInteger(id) ? id : null
  return JSON.stringify({
    jsonrpc: '2.0',
    id: known,
    error: { code: invalidParams, message: `ERR_INPUT_INVALID: ${fault}` },
  })
}

/** A whole number that loses digits has no fewer. */
const manyDigits = /\d{16}/

/** Of JSON alone: on anything else the search for its tokens could take long. */
function roundsNumbers(line: string): boolean {
  if (!manyDigits.test(line)) return false
  const tokens = line.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)
  return [...tokens].some(([token]) => losesDigits(token))
}
