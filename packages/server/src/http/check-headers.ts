import type { IncomingMessage } from 'node:http'
import { MemkeepError } from 'memkeep'
import { namesScope } from '../operations/names-scope.ts'
import { unknownField } from '../operations/parse-input.ts'

/** Throws for a header that names a tenant, a subject or a scope, and for any of a family that we do not have. */
export function checkHeaders({ rawHeaders }: IncomingMessage): void {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (namesScope(name)) throw new MemkeepError('ERR_INPUT_INVALID', unknownField([name], []))
    if (/^(x[-_]?)?memkeep/i.test(name)) throw new MemkeepError('ERR_INPUT_INVALID', 'there is no such header')
  }
}

/** The secret of `Authorization: Bearer …`, or null when there is not exactly one of that form. */
export function bearerOf({ rawHeaders }: IncomingMessage): string | null {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === 'authorization',
  )
  return values.length === 1 ? (/^Bearer +(\S+)$/i.exec(values[0]!)?.[1] ?? null) : null
}

/** `Idempotency-Key`, when there is exactly one; its form is the kernel's to judge. */
export function idempotencyKeyOf({ rawHeaders }: IncomingMessage): string | undefined {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === 'idempotency-key',
  )
  const [value] = values
  if (values.length > 1 || (value !== undefined && !/^[\x21-\x7e]+$/.test(value))) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'Idempotency-Key must stand once, in printable ASCII')
  }
  return value
}
