import type { Access } from './access.ts'
import type { CheckedInput } from './input.ts'

/** What a call asks to be stored, as one text that is the same for the same: everything but a time that was not given. */
export function askedOf({ scope }: Pick<Access, 'scope'>, input: CheckedInput): string {
  const { atMs, atGiven, importance, tool, supersedes, maxTrust, ...rest } = input
  const asked = {
    agent: scope.agent,
    ...rest,
    ...(atGiven ? { atMs } : {}),
    ...(importance === null ? {} : { importance }),
    ...(tool === null ? {} : { tool }),
    ...(supersedes === null ? {} : { supersedes }),
    ...(maxTrust === null ? {} : { maxTrust }),
  }
  return JSON.stringify(sorted(asked))
}

/** The same value with the keys of every object in order: two callers may write one object in two ways. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
