import { MemkeepError } from 'memkeep'
import type { z } from 'zod'
import { namesScope, ScopeSmuggled } from './names-scope.ts'

/**
 * The input of an operation. Throws `ERR_INPUT_INVALID`, saying which field is wrong and what it may be; what the client
 * wrote is not repeated.
 */
export function parseInput<Input extends z.ZodObject>(schema: Input, value: unknown): z.output<Input> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  // A field too many counts before any other fault: it may be a scope.
  const { issues } = parsed.error
  const strays = issues.filter(({ code }) => code === 'unrecognized_keys')
  const issue = strays.find((each) => (each as { keys: string[] }).keys.some(namesScope)) ?? strays[0] ?? issues[0]!
  throw issue.code === 'unrecognized_keys'
    ? unknownField(issue.keys, issue.path.length === 0 ? Object.keys(schema.shape) : null)
    : new MemkeepError('ERR_INPUT_INVALID', reason(issue, Object.keys(schema.shape)))
}

function reason(issue: z.core.$ZodIssue, fields: readonly string[]): string {
  const [field] = issue.path
  return typeof field === 'string' && fields.includes(field) ? `${field}: ${issue.message}` : issue.message
}

/** The refusal of fields that are not among these; null: of a field deeper in. */
export function unknownField(names: readonly string[], fields: readonly string[] | null): MemkeepError {
  if (names.some(namesScope)) return new ScopeSmuggled()
  const there =
    fields === null ? 'an object in it has an unknown field' : `unknown field; there are: ${fields.join(', ')}`
  return new MemkeepError('ERR_INPUT_INVALID', fields?.length === 0 ? 'nothing is allowed here' : there)
}
