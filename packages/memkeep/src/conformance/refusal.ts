import assert from 'node:assert/strict'
import { MemkeepError, type MemkeepErrorCode } from '../core/errors.ts'

/** Fails unless `call` is refused with exactly `code`. */
export async function expectRefusal(code: MemkeepErrorCode, what: string, call: () => Promise<unknown>): Promise<void> {
  const outcome = await call().then(
    () => 'success',
    (error: unknown) => (error instanceof MemkeepError ? error.code : `another error: ${String(error)}`),
  )
  assert.equal(outcome, code, what)
}
