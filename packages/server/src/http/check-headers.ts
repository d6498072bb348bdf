import type { IncomingMessage } from 'node:http'
import { MemkeepError } from 'memkeep'
import { namesScope, ScopeSmuggled } from '../operations/names-scope.ts'

/** Headers that change what some routes do. A route that does not know one refuses it: nothing is silently ignored. */
export const conditionalHeaders = ['idempotency-key', 'if-match', 'if-none-match'] as const

export type ConditionalHeader = (typeof conditionalHeaders)[number]

/**
 * Throws for a header that names a tenant, a subject or a scope, for any of a family that we do not have, and for a condition
 * that the route does not know.
 */
export function checkHeaders({ rawHeaders }: IncomingMessage, known: readonly ConditionalHeader[]): void {
  checkNames(rawHeaders, known)
}

/** The same of what came after the body: headers by a later door. Once it has been read. */
export function checkTrailers({ rawTrailers }: IncomingMessage): void {
  checkNames(rawTrailers, [])
}

/** True for a request that says twice for which host it is: two readers could take one each. */
export const hasTwoHosts = (incoming: IncomingMessage): boolean => valuesOf(incoming, 'host').length > 1

function checkNames(rawHeaders: readonly string[], known: readonly ConditionalHeader[]): void {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (namesScope(name)) throw new ScopeSmuggled()
    if (/^(x[-_]?)?memkeep/i.test(name)) throw new MemkeepError('ERR_INPUT_INVALID', 'there is no such header')
    const condition = conditionalHeaders.find((each) => each === name.toLowerCase())
    if (condition !== undefined && !known.includes(condition)) {
      throw new MemkeepError('ERR_INPUT_INVALID', `this route does not know ${condition}`)
    }
  }
}

/** The secret of `Authorization: Bearer …`, or null when there is not exactly one of that form. */
export function bearerOf(incoming: IncomingMessage): string | null {
  const values = valuesOf(incoming, 'authorization')
  return values.length === 1 ? (/^Bearer +(\S+)$/i.exec(values[0]!)?.[1] ?? null) : null
}

/** `Idempotency-Key`, when there is exactly one; its form is the kernel's to judge. */
export function idempotencyKeyOf(incoming: IncomingMessage): string | undefined {
  const values = valuesOf(incoming, 'idempotency-key')
  const [value] = values
  if (values.length > 1 || (value !== undefined && !/^[\x21-\x7e]+$/.test(value))) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'Idempotency-Key must stand once, in printable ASCII')
  }
  return value
}

/** Entity tags of memories are their versions. */
export const entityTag = (version: number): string => `"${version}"`

/** The version of a tag that no memory has. */
const noVersion = Number.MAX_SAFE_INTEGER

/**
 * What `If-Match` or `If-None-Match` says: nothing, `any` (a star), or the version of one entity tag. Throws for a list: one
 * memory has one tag. A weak tag is compared as RFC 9110 has it: it answers `If-None-Match` and never `If-Match`.
 */
export function conditionOf(
  incoming: IncomingMessage,
  header: 'if-match' | 'if-none-match',
): 'any' | number | undefined {
  const values = valuesOf(incoming, header)
  if (values.length === 0) return undefined
  const [value = ''] = values
  if (values.length > 1 || !/^(\*|(W\/)?"[\x21\x23-\x7e]{0,64}")$/.test(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${header} must stand once, as one entity tag or *`)
  }
  if (value === '*') return 'any'
  const tag = header === 'if-none-match' ? value.replace(/^W\//, '') : value
  return Number(/^"([1-9]\d{0,8})"$/.exec(tag)?.[1] ?? noVersion)
}

function valuesOf({ rawHeaders }: IncomingMessage, wanted: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === wanted)
}
