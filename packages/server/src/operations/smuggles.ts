import { addressNamesScope, namesScope } from './names-scope.ts'

/** Deeper than any message of ours. */
const deepest = 16

/**
 * True when a message of MCP names whose memories it means: in a tool's arguments (metadata apart, which is the caller's own), in `_meta`, or
 * where nothing of ours reads. No tool takes such an argument in any case; this tells an attempt from a slip.
 */
export function smugglesScope(message: unknown): boolean {
  if (Array.isArray(message)) return message.some(smugglesScope)
  const params = fieldOf(message, 'params')
  const { metadata: _, ...others } = fieldsOf(fieldOf(params, 'arguments'))
  return mentionsScope(others) || mentionsScope(fieldOf(params, '_meta')) || smugglesBeside(message)
}

/** True when one message does so beside the arguments and `_meta`, which the tools refuse: in other fields, or in a resource's address. */
export function smugglesBeside(message: unknown): boolean {
  const { arguments: _, _meta, uri, ...beside } = fieldsOf(fieldOf(message, 'params'))
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
