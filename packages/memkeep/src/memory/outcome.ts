import { MemkeepError } from '../core/errors.ts'

/** What the kernel knew was out of date: it looks again and repeats the call. */
export class Outdated extends Error {
  readonly what: 'policy' | 'epoch'
  constructor(what: 'policy' | 'epoch') {
    super(what)
    this.what = what
  }
}

/**
 * Passes the outcomes that a use case handles itself and throws for the rest: a refusal that the doorway recorded, or
 * `Outdated`.
 */
export function expectOutcome<T extends string>(outcome: string | null | undefined, ...handled: T[]): T {
  if (handled.includes(outcome as T)) return outcome as T
  switch (outcome) {
    case 'policy':
    case 'epoch':
      throw new Outdated(outcome)
    case 'denied':
      throw new MemkeepError('ERR_ACCESS_DENIED', 'the principal may not do this')
    case 'barred':
      throw new MemkeepError('ERR_SCOPE_BARRED', 'the scope is barred: it was erased or is being erased')
    case 'quota':
      throw new MemkeepError('ERR_QUOTA_EXCEEDED', "the tenant's quota is used up")
    case 'unknown':
      throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
    case 'mismatch':
      throw new MemkeepError('ERR_IDEMPOTENCY_MISMATCH', 'the idempotency key was used for another call')
    case 'conflict':
      throw new MemkeepError('ERR_VERSION_CONFLICT', 'another version stands there')
    default:
      throw new MemkeepError('ERR_STORE_VERSION', 'the database answered what this version does not know')
  }
}
