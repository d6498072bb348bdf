/** One line a request. It has no room for content, keys, ids of tenants, subjects or memories, or addresses of clients. */
export interface RequestLine {
  readonly at: string
  /** `fault`: an answer that is under way met one, or its credential was good no more; the request has its own line too. */
  readonly event: 'request' | 'fault'
  /** As `X-Request-Id` says it to the client. */
  readonly id: string
  readonly method: string
  /** The route's pattern, `unknown` when there is none. */
  readonly route: string
  readonly status: number
  readonly ms: number
  /** Of a refusal. */
  readonly code?: string
  /** Of a fault of the server: what is wrong, which the client is not told. Files, logins and walls, and nobody's content or id. */
  readonly reason?: string
  /** Of a failure that is a fault of this program: where it was, without its message, which can quote values. */
  readonly where?: readonly string[]
}

export type RequestLog = (line: RequestLine) => void

export const logToStderr: RequestLog = (line) => {
  process.stderr.write(`${JSON.stringify(line)}\n`)
}

/** The frames of an error's stack. Its message stands before them, and may have lines that look like some. */
export function framesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const { stack = '', message } = error
  const said = stack.indexOf(message)
  return stack
    .slice(said === -1 ? 0 : said + message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .slice(0, 8)
}
