import type { ConnectorPlace } from '../../src/conformance/connector.ts'
import type { Connector, ConnectorScope } from '../../src/connectors/connector.ts'

type Item = ConnectorScope & { readonly n: number }

/** A connector of a list in this process, right in every promise, with something spoilt by `spoil`. */
export function heldPlace(spoil: (right: Connector, items: Item[]) => Connector = (right) => right): ConnectorPlace {
  const items: Item[] = []
  const within = (scope: ConnectorScope) => (item: Item) =>
    item.tenant === scope.tenant && (scope.subject === null || item.subject === scope.subject)
  const count = async (scope: ConnectorScope, signal: AbortSignal) => {
    signal.throwIfAborted()
    return items.filter(within(scope)).length
  }
  const right: Connector = {
    name: 'held',
    inventory: count,
    verify: count,
    async erase(scope, signal) {
      signal.throwIfAborted()
      const kept = items.filter((item) => !within(scope)(item))
      const removed = items.length - kept.length
      items.splice(0, items.length, ...kept)
      return removed
    },
  }
  const gone = () => Promise.reject(new Error('not there'))
  return {
    connector: spoil(right, items),
    down: spoil({ name: 'held', inventory: gone, erase: gone, verify: gone }, items),
    async put(scope, number) {
      for (let n = 0; n < number; n++) items.push({ ...scope, n })
    },
    read: async (scope) => items.filter(within(scope)).map((item) => JSON.stringify(item)),
  }
}
