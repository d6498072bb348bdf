import { STATUS_CODES } from 'node:http'
import { MemkeepError, type MemkeepErrorCode } from 'memkeep'
import { z } from 'zod'
import { TooOften } from '../authn/rate-limits.ts'
import { type FaultCode, faultSentence, isFault } from '../operations/fault.ts'

/** The kernel's codes, and the few that only HTTP knows. */
export type ProblemCode =
  | MemkeepErrorCode
  | 'ERR_UNAUTHENTICATED'
  | 'ERR_NOT_FOUND'
  | 'ERR_METHOD_NOT_ALLOWED'
  | 'ERR_MEDIA_TYPE'
  | 'ERR_REQUEST_MALFORMED'
  | 'ERR_INTERNAL'

/** A refusal that is HTTP's own. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: ProblemCode
  readonly headers: Readonly<Record<string, string>>

  /** `cause`: of a fault, what the server's log is told of it and the client is not. */
  constructor(
    status: number,
    code: ProblemCode,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
    cause?: MemkeepError,
  ) {
    super(detail, cause === undefined ? undefined : { cause })
    this.status = status
    this.code = code
    this.headers = headers
  }
}

type ClientStatus = 403 | 404 | 409 | 413 | 422 | 429 | 499

/**
 * The status of every code of the kernel. A barred scope is 403 and not 410: it can be reopened. What no request can bring
 * about (a seal that does not open, a token that the database refuses) is 500.
 */
const statusOf: Readonly<Record<Exclude<MemkeepErrorCode, FaultCode>, ClientStatus> & Record<FaultCode, 500 | 503>> =
  Object.freeze({
    ERR_INPUT_INVALID: 422,
    ERR_SCOPE_REQUIRED: 422,
    ERR_INPUT_TOO_LARGE: 413,
    ERR_CONTENT_REFUSED: 422,
    ERR_VERSION_CONFLICT: 409,
    ERR_IDEMPOTENCY_MISMATCH: 422,
    ERR_SCOPE_BARRED: 403,
    ERR_ACCESS_DENIED: 403,
    ERR_TENANT_UNKNOWN: 403,
    ERR_KEY_DESTROYED: 403,
    ERR_QUOTA_EXCEEDED: 403,
    ERR_RATE_LIMITED: 429,
    ERR_ABORTED: 499,
    ERR_CLOSED: 503,
    ERR_STORE_UNAVAILABLE: 503,
    ERR_STORE_UNSAFE: 503,
    ERR_STORE_VERSION: 503,
    ERR_STORE_ROLLED_BACK: 503,
    ERR_KEY_UNAVAILABLE: 503,
    ERR_AUDIT_UNAVAILABLE: 503,
    ERR_ERASURE_INCOMPLETE: 503,
    ERR_SCOPE_EXPIRED: 503,
    ERR_EMBEDDER: 503,
    ERR_MODEL: 503,
    ERR_CONNECTOR: 503,
    ERR_EMBEDDER_MISMATCH: 500,
    ERR_SCOPE_FORGED: 500,
    ERR_SEAL_BROKEN: 500,
    ERR_PROOF_INVALID: 500,
  })

/** The refusal that an error means. Nothing of an error that is not ours reaches the client, and of a fault of the server only its code's sentence. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof TooOften) {
    return new Refusal(429, error.code, error.message, { 'Retry-After': String(error.waitSeconds) })
  }
  if (!(error instanceof MemkeepError)) return new Refusal(500, 'ERR_INTERNAL', 'the server failed')
  const { code, message, retryAfterSeconds } = error
  const status = statusOf[code]
  const wait = retryAfterSeconds ?? (status === 503 ? 1 : null)
  const headers: Record<string, string> = wait === null ? {} : { 'Retry-After': String(wait) }
  return isFault(code)
    ? new Refusal(status, code, faultSentence(code), headers, error)
    : new Refusal(status, code, message, headers)
}

/** RFC 9457. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('What to act on.'),
  detail: z.string(),
})

export function problemBody({ status, code, message }: Refusal): string {
  const title = STATUS_CODES[status] ?? 'Client Closed Request'
  return JSON.stringify({ type: 'about:blank', title, status, code, detail: message })
}

export function problemHeaders({ headers }: Refusal): Record<string, string> {
  return { ...headers, 'Content-Type': 'application/problem+json' }
}

export function problemResponse(refusal: Refusal): Response {
  return new Response(problemBody(refusal), { status: refusal.status, headers: problemHeaders(refusal) })
}

/** One answer for what is not there and for what is another's. */
export function notFound(): Refusal {
  return new Refusal(404, 'ERR_NOT_FOUND', 'there is nothing here for this credential')
}

export function unauthenticated(headers: Readonly<Record<string, string>> = {}): Refusal {
  return new Refusal(401, 'ERR_UNAUTHENTICATED', 'a valid credential is required', headers)
}

/** What `run` answers. When the request had a condition, another version is 412 and not 409. */
export async function preconditioned<T>(condition: unknown, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const failed = error instanceof MemkeepError && error.code === 'ERR_VERSION_CONFLICT' && condition !== undefined
    throw failed ? new Refusal(412, error.code, error.message) : error
  }
}

/** What every answer has, whatever else it is. */
export function everyHeader(id: string): Record<string, string> {
  return { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'X-Request-Id': id }
}
