import { MemkeepError } from 'memkeep'
import type { z } from 'zod'
import { namesScope } from './names-scope.ts'

/**
 * The input of an operation. Throws `ERR_INPUT_INVALID`, saying which field is wrong and what it may be; what the client
 * wrote is not repeated.
 */
export function parseInput<Input extends z.ZodObject>(schema: Input, value: unknown): z.output<Input> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new MemkeepError('ERR_INPUT_INVALID', reason(parsed.error.issues[0]!, Object.keys(schema.shape)))
}

function reason(issue: z.core.$ZodIssue, fields: readonly string[]): string {
  if (issue.code === 'unrecognized_keys') return unknownField(issue.keys, fields)
  const [field] = issue.path
  return typeof field === 'string' && fields.includes(field) ? `${field}: ${issue.message}` : issue.message
}

/** Why fields that are not among these are refused. */
export function unknownField(names: readonly string[], fields: readonly string[]): string {
  if (names.some(namesScope)) {
    return 'the scope comes from the credential alone: a request names no tenant, subject or scope'
  }
  return fields.length === 0 ? 'nothing is allowed here' : `unknown field; there are: ${fields.join(', ')}`
}
