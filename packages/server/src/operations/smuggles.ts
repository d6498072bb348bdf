import { addressNamesScope, namesScope } from './names-scope.ts'

/** Deeper than any message of ours. */
const deepest = 16

/**
 * True when a message of MCP names whose memories it means: in a tool's arguments (apart from the metadata of what is remembered, which is the caller's
 * own), or beside them. No tool takes such an argument in any case; this tells an attempt from a slip.
 */
export function smugglesScope(message: unknown): boolean {
  if (Array.isArray(message)) return message.some(smugglesScope)
  const params = fieldOf(message, 'params')
  const given = fieldsOf(fieldOf(params, 'arguments'))
  const { metadata: _, ...others } = given
  return mentionsScope(fieldOf(params, 'name') === 'remember' ? others : given) || smugglesBeside(message)
}

/** True when one message does so beside the arguments, which the tools refuse: in `_meta` or another field, whatever its method, or in a resource's address. */
export function smugglesBeside(message: unknown): boolean {
  const { arguments: _, uri, ...beside } = fieldsOf(fieldOf(message, 'params'))
  return mentionsScope({ ...fieldsOf(message), params: beside }) || (typeof uri === 'string' && addressNamesScope(uri))
}

/** True when a key at any depth names a scope. What is nested too deep to look at counts as one. */
export function mentionsScope(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  return (
    depth > deepest ||
    Object.entries(value).some(
      ([key, item]) => (!Array.isArray(value) && namesScope(key)) || mentionsScope(item, depth + 1),
    )
  )
}

function fieldOf(value: unknown, name: string): unknown {
  return fieldsOf(value)[name]
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
