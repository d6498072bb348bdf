import { type EraseSubjectOptions, type EraseTenantOptions, erasureReasons } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'

/** Throws `ERR_INPUT_INVALID` for anything but a known reason, and for options that this does not take. */
export function checkErase(
  options: EraseSubjectOptions | EraseTenantOptions,
  keys: readonly string[],
): { readonly reason: EraseSubjectOptions['reason']; readonly after: 'bar' | 'reopen' } {
  const given: unknown = options
  if (typeof given !== 'object' || given === null || Object.keys(given).some((key) => !keys.includes(key))) {
    throw new MemkeepError('ERR_INPUT_INVALID', `erase takes only ${keys.join(', ')}`)
  }
  const { reason, after = 'bar' } = given as Partial<EraseSubjectOptions>
  if (!erasureReasons.includes(reason!)) {
    throw new MemkeepError('ERR_INPUT_INVALID', `reason must be one of: ${erasureReasons.join(', ')}`)
  }
  if (after !== 'bar' && after !== 'reopen') {
    throw new MemkeepError('ERR_INPUT_INVALID', 'after must be one of: bar, reopen')
  }
  return { reason: reason!, after }
}

/** The tenant's id must be said twice: a slip erases nobody. */
export function checkConfirm(options: EraseTenantOptions, tenant: string): void {
  if (options.confirm !== tenant) throw new MemkeepError('ERR_INPUT_INVALID', "confirm must be the tenant's id")
}
