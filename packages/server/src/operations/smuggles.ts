import { namesScope } from './names-scope.ts'

/** Deeper than any message of ours. */
const deepest = 16

/**
 * True when a call over MCP names whose memories it means: in a tool's arguments (metadata apart, which is the caller's own) or in
 * `_meta`. No tool takes such an argument in any case; this tells an attempt from a slip.
 */
export function smugglesScope(message: unknown): boolean {
  if (Array.isArray(message)) return message.some(smugglesScope)
  const params = fieldOf(message, 'params')
  const given = fieldOf(params, 'arguments')
  const { metadata: _, ...others } =
    typeof given === 'object' && given !== null ? (given as { metadata?: unknown }) : {}
  return mentionsScope(others) || mentionsScope(fieldOf(params, '_meta'))
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
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
