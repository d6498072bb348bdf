export type FailureCode = 'ERR_STORE_VERSION' | 'ERR_STORE_UNAVAILABLE'

/**
 * Why the server cannot be had. Used on both sides of the process boundary; `embedded().start()` turns it into a
 * `MemkeepError`, so that the supervisor need not load the kernel.
 */
export class Failure extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Failure'
    this.code = code
  }
}

/** Shorthand for the usual code. */
export function unavailable(message: string, cause?: unknown): Failure {
  return new Failure('ERR_STORE_UNAVAILABLE', message, cause)
}
