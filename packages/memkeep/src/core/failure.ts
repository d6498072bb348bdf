/**
 * Why one try failed. The message is our own words: never an answer's body, a header, or the words of another library's
 * error, which may repeat the API key or the texts.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly retryable: boolean
  /** How long the endpoint asked to be left alone, in ms; null when it said nothing. */
  readonly retryAfterMs: number | null

  constructor(message: string, retryable: boolean, retryAfterMs: number | null = null) {
    super(message)
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/** How long `Retry-After` (seconds, or a date) or `retry-after-ms` asks for, in ms from `nowMs`; null when neither says. */
export function retryAfterMs(header: (name: string) => string | null | undefined, nowMs: number): number | null {
  const ms = parseFloatOrNull(header('retry-after-ms'))
  if (ms !== null) return ms
  const value = header('retry-after')
  const seconds = parseFloatOrNull(value)
  if (seconds !== null) return seconds * 1000
  const at = value ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs)
}

function parseFloatOrNull(value: string | null | undefined): number | null {
  return value && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : null
}

/** Whether a status says that the same request may succeed later. */
export function isPassing(status: number): boolean {
  return [408, 409, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505)
}

/** `ECONNREFUSED` and the like, from where Node's fetch hides it. */
export function networkCodeOf(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,50}$/.test(code)) return code
  }
  return null
}
