import { MemkeepError } from 'memkeep'
import { unknownField } from '../operations/parse-input.ts'
import { Refusal } from './problem.ts'

/** A request's target as it was sent: nothing decoded, nothing normalised. */
export interface Target {
  readonly path: string
  /** Without the question mark; empty when there is none. */
  readonly query: string
}

/** Null when the target has not the form that every one of ours has: no percent sign, no dot segment, no second spelling, nobody's name before the host. */
export function parseTarget(url: string): Target | null {
  const [, path = '', query = ''] = /^(?:https?:\/\/[^/?#@]*)?(\/[^?#]*)(?:\?([^#]*))?$/i.exec(url) ?? []
  if (!/^(\/[A-Za-z0-9_.-]+)+$/.test(path) || /\/\.\.?(\/|$)/.test(path)) return null
  return { path, query }
}

/**
 * The query's fields: a list for those of `many`, one value for those of `one`. Throws for any other field, for one that
 * stands twice, and for what does not decode.
 */
export function parseQuery(
  query: string,
  one: readonly string[],
  many: readonly string[],
): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  for (const pair of query === '' ? [] : query.split('&')) {
    const at = pair.indexOf('=')
    const [name, value] = (at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]).map(decode) as [
      string,
      string,
    ]
    if (many.includes(name)) fields[name] = [...((fields[name] as string[] | undefined) ?? []), value]
    else if (!one.includes(name)) throw unknownField([name], [...one, ...many])
    else if (Object.hasOwn(fields, name)) throw new MemkeepError('ERR_INPUT_INVALID', `${name} stands twice`)
    else fields[name] = value
  }
  return fields
}

function decode(text: string): string {
  try {
    if (!/^[\x21-\x7e]*$/.test(text)) throw new URIError()
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new Refusal(400, 'ERR_REQUEST_MALFORMED', 'the query is not percent-encoded UTF-8')
  }
}
