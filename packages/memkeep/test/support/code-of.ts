import { MemkeepError } from '../../src/index.ts'

/** The code that a call was refused with; `none` when it was not. Anything but a MemkeepError is thrown on. */
export async function codeOf(call: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof call === 'function' ? call() : call)
    return 'none'
  } catch (error) {
    if (error instanceof MemkeepError) return error.code
    throw error
  }
}

/** As `codeOf`, of calls that are all under way. */
export function codesOf(calls: readonly Promise<unknown>[]): Promise<string[]> {
  return Promise.all(calls.map(codeOf))
}

/** The error that a call was refused with. */
export async function errorOf(call: Promise<unknown> | (() => unknown)): Promise<MemkeepError> {
  try {
    await (typeof call === 'function' ? call() : call)
  } catch (error) {
    if (error instanceof MemkeepError) return error
    throw error
  }
  throw new Error('the call was not refused')
}
