import { MemkeepError } from 'memkeep'

/** A tenant that there is not (a token's issuer can name any) is told as one that the caller may not use. Other errors stay. */
export function asDenied(error: unknown): unknown {
  if (!(error instanceof MemkeepError) || error.code !== 'ERR_TENANT_UNKNOWN') return error
  return new MemkeepError('ERR_ACCESS_DENIED', 'the principal may not do this')
}
