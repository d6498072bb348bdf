import { sameBytes } from './byte-string.ts'
import { proofInvalid } from './proof-invalid.ts'
import { textOf, utf8 } from './utf8.ts'

/**
 * Reads JSON that has exactly one form: `write` of what `read` made of it must give the same bytes. So a stray space, an unknown
 * or repeated field, another order, `1.0` for `1` are all refused, with `ERR_PROOF_INVALID`. `read` may throw it too.
 */
export function readCanonical<T>(
  bytes: Uint8Array,
  read: (value: Readonly<Record<string, unknown>>) => T,
  write: (value: T) => string,
): T {
  const value = parsed(textOf(bytes))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw proofInvalid('not a JSON object')
  const made = read(value as Record<string, unknown>)
  if (!sameBytes(utf8(write(made)), bytes)) throw proofInvalid('not the one form of what it says')
  return made
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw proofInvalid('not JSON')
  }
}
