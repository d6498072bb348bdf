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
    .replace(/[^a-z]+/g, '')
  return scopeWords.test(letters)
}

/** The same of an address: however often it was percent-encoded, and where only some of it decodes. */
export function addressNamesScope(address: string): boolean {
  for (let [before, text] = ['', address]; ; [before, text] = [text, text.replace(/(?:%[0-9a-f]{2})+/gi, decoded)]) {
    if (namesScope(text)) return true
    if (text === before) return false
  }
}

function decoded(bytes: string): string {
  try {
    return decodeURIComponent(bytes)
  } catch {
    // Not UTF-8: the ASCII in it, which is what a scope can be named in.
    return bytes.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}

/** A request that tried to name whose memories it means. The door that sees it has it recorded. */
export class ScopeSmuggled extends MemkeepError {
  constructor(message = 'the scope comes from the credential alone: a request names no tenant, subject or scope') {
    super('ERR_INPUT_INVALID', message)
  }
}
