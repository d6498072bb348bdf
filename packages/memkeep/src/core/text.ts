import { MemkeepError } from './errors.ts'

const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/

/**
 * An id of a tenant, subject or principal: 1 to 200 characters (UTF-16 code points are counted as one), any Unicode but
 * control characters and lone surrogates. Never normalised: ids are compared as exact bytes.
 * Throws `missing` when it is absent or empty, `ERR_INPUT_INVALID` when it breaks a rule.
 */
export function checkId(value: unknown, what: string, missing: 'ERR_SCOPE_REQUIRED' | 'ERR_INPUT_INVALID'): string {
  if (value === undefined || value === null || value === '') throw new MemkeepError(missing, `${what} is required`)
  if (typeof value !== 'string') throw new MemkeepError(missing, `${what} must be a string`)
  if (!value.isWellFormed()) throw new MemkeepError('ERR_INPUT_INVALID', `${what} holds a lone surrogate`)
  if (controlCharacter.test(value)) throw new MemkeepError('ERR_INPUT_INVALID', `${what} holds a control character`)
  if ([...value].length > 200) throw new MemkeepError('ERR_INPUT_INVALID', `${what} is longer than 200 characters`)
  return value
}

/**
 * Text that will be sealed: well-formed Unicode without NUL (which JSON tools and C programs cut at), at most `maxBytes`
 * of UTF-8. Returned unchanged. Throws `ERR_INPUT_INVALID` or `ERR_INPUT_TOO_LARGE`.
 */
export function checkText(value: unknown, what: string, maxBytes: number): string {
  if (typeof value !== 'string') throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be a string`)
  if (value.trim() === '') throw new MemkeepError('ERR_INPUT_INVALID', `${what} is empty`)
  if (value.length > maxBytes || Buffer.byteLength(value, 'utf8') > maxBytes) {
    throw new MemkeepError('ERR_INPUT_TOO_LARGE', `${what} is larger than ${maxBytes} bytes`)
  }
  if (!value.isWellFormed()) throw new MemkeepError('ERR_INPUT_INVALID', `${what} holds a lone surrogate`)
  if (value.includes('\u0000')) throw new MemkeepError('ERR_INPUT_INVALID', `${what} holds a NUL character`)
  return value
}
