import { MemkeepError } from 'memkeep'
import { z } from 'zod'
import { namesScope, ScopeSmuggled } from './names-scope.ts'

/** Zod's own `validate` stops so, and says no more than yes or no. */
const firstFault: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true }

/**
 * The input of an operation. Throws `ERR_INPUT_INVALID`, saying which field is wrong and what it may be; what the client
 * wrote is not repeated. No fault is looked for behind the first: each value of a large input could have some.
 */
export function parseInput<Input extends z.ZodObject>(schema: Input, value: unknown): z.output<Input> {
  const parsed = schema.safeParse(value, firstFault)
  if (parsed.success) return parsed.data
  // A field too many counts before any other fault: it may be a scope.
  const [fields, strays] = [Object.keys(schema.shape), [...straysIn(schema, value)]]
  if (strays.length > 0) throw unknownField(strays, Object.hasOwn(Object(value), strays[0]!) ? fields : null)
  throw new MemkeepError('ERR_INPUT_INVALID', reason(parsed.error.issues[0]!, fields))
}

/** Names of fields that the schema does not have, an object's own before those deeper in. */
function* straysIn(schema: unknown, value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  if (schema instanceof z.ZodObject) {
    for (const name of Object.keys(value)) if (!Object.hasOwn(schema.shape, name)) yield name
    for (const [name, field] of Object.entries(schema.shape)) yield* straysIn(field, Reflect.get(value, name))
  } else if (schema instanceof z.ZodArray || schema instanceof z.ZodRecord) {
    const inner = schema instanceof z.ZodArray ? schema.element : schema.valueType
    for (const item of Object.values(value)) yield* straysIn(inner, item)
  } else if (schema instanceof z.ZodUnion) {
    for (const option of schema.options) yield* straysIn(option, value)
  } else if (schema instanceof z.ZodExactOptional || schema instanceof z.ZodDefault) {
    yield* straysIn(schema.unwrap(), value)
  }
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
