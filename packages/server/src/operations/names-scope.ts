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
