import { MemkeepError } from 'memkeep'

const scopeWords = /tenant|subject|scope/

/**
 * True for a name that means to choose whose memories are reached, however it is spelt: `x-tenant-id`, `Tenant_ID`,
 * `memkeepSubject`. The scope comes from the credential alone.
 */
export function namesScope(name: string): boolean {
  const letters = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z]/g, '')
  return scopeWords.test(letters)
}

/** A request that tried to name whose memories it means. The door that sees it has it recorded. */
export class ScopeSmuggled extends MemkeepError {
  constructor(message = 'the scope comes from the credential alone: a request names no tenant, subject or scope') {
    super('ERR_INPUT_INVALID', message)
  }
}
