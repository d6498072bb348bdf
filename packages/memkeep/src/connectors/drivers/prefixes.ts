import { MemkeepError } from '../../core/errors.ts'
import type { ConnectorScope } from '../connector.ts'

/** Where a scope's items lie: every name that begins with one of these. */
export type Prefixes = (scope: ConnectorScope) => readonly string[]

const probes: readonly (readonly [ConnectorScope, ConnectorScope])[] = [
  [
    { tenant: 'a', subject: 'b' },
    { tenant: 'a', subject: 'bc' },
  ],
  [
    { tenant: 'a', subject: 'b' },
    { tenant: 'ac', subject: 'b' },
  ],
  [
    { tenant: 'a', subject: null },
    { tenant: 'ac', subject: null },
  ],
]

/**
 * The prefixes as a driver asks for them: checked at each call to be there and not empty. Throws `ERR_INPUT_INVALID` at once when
 * those of one id also begin the names of a longer one (`user:ana` and `user:anabel`): end them with what no id holds.
 */
export function checkedPrefixes(prefixes: Prefixes): Prefixes {
  const checked: Prefixes = (scope) => {
    const found = prefixes(scope)
    if (!Array.isArray(found) || found.length === 0 || found.some((prefix) => typeof prefix !== 'string' || !prefix)) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'prefixes must give a list of names that are not empty')
    }
    return found
  }
  for (const [one, other] of probes) {
    const [shorter, longer] = [checked(one), checked(other)]
    if (shorter.some((prefix) => longer.some((name) => name.startsWith(prefix)))) {
      throw new MemkeepError('ERR_INPUT_INVALID', "prefixes do not end where an id ends: they reach another's items")
    }
  }
  return checked
}
