/** Every code an error of Memkeep can carry. Closed: switch over it. */
export type MemkeepErrorCode =
  | 'ERR_SCOPE_REQUIRED'
  | 'ERR_SCOPE_FORGED'
  | 'ERR_SCOPE_EXPIRED'
  | 'ERR_SCOPE_BARRED'
  | 'ERR_ACCESS_DENIED'
  | 'ERR_TENANT_UNKNOWN'
  | 'ERR_INPUT_INVALID'
  | 'ERR_INPUT_TOO_LARGE'
  | 'ERR_CONTENT_REFUSED'
  | 'ERR_VERSION_CONFLICT'
  | 'ERR_IDEMPOTENCY_MISMATCH'
  | 'ERR_EMBEDDER'
  | 'ERR_EMBEDDER_MISMATCH'
  | 'ERR_KEY_UNAVAILABLE'
  | 'ERR_KEY_DESTROYED'
  | 'ERR_SEAL_BROKEN'
  | 'ERR_AUDIT_UNAVAILABLE'
  | 'ERR_ERASURE_INCOMPLETE'
  | 'ERR_MODEL'
  | 'ERR_CONNECTOR'
  | 'ERR_PROOF_INVALID'
  | 'ERR_RATE_LIMITED'
  | 'ERR_QUOTA_EXCEEDED'
  | 'ERR_ABORTED'
  | 'ERR_CLOSED'
  | 'ERR_STORE_UNSAFE'
  | 'ERR_STORE_VERSION'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STORE_ROLLED_BACK'

/**
 * The one error class. Act on `code`, never on `message`. Messages name what was wrong with the call; they never carry
 * content, keys, or the id of a tenant or subject. `cause` may hold a driver's error: do not print it to a caller.
 */
export class MemkeepError extends Error {
  override readonly name = 'MemkeepError'
  readonly code: MemkeepErrorCode
  /** True when the same call may succeed later without being changed. */
  readonly retryable: boolean
  /** When it may, where that is known. */
  readonly retryAfterSeconds: number | null

  constructor(
    code: MemkeepErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.retryAfterSeconds = options.retryAfterSeconds ?? null
  }
}
