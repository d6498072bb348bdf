import { MemkeepError } from 'memkeep'

/** Refusals of what was given; anything else is no fault of the line. */
export function isRefusal(error: unknown): error is MemkeepError {
  return error instanceof MemkeepError && refusals.includes(error.code)
}

const refusals: readonly string[] = ['ERR_INPUT_INVALID', 'ERR_INPUT_TOO_LARGE', 'ERR_SCOPE_REQUIRED']
