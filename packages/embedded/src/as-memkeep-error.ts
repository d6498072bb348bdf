import { MemkeepError } from 'memkeep'
import { Failure } from './failure.ts'

/** Throws what callers of this package know: a `MemkeepError` for a `Failure`, everything else as it is. */
export function asMemkeepError(error: unknown): never {
  if (error instanceof Failure) throw new MemkeepError(error.code, error.message, { cause: error })
  throw error
}
