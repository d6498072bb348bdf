import type { ConnectorResult, Connectors } from '../connectors/connectors.ts'
import type { ErasureTarget, NotCovered } from '../core/erasure.ts'
import { incomplete } from './steps.ts'

/** The outside stores as one target: one that is down keeps the erasure open and is named, and keeps no other from being emptied. */
export function connectorTarget(connectors: Connectors): ErasureTarget {
  const { names } = connectors
  return {
    name: 'connectors',
    // One that is down now does not keep the barrier from standing: it must be emptied later, or the erasure stays open.
    inventory: async (scope) => {
      const results = scope.ids === null ? [] : await connectors.inventory(scope.ids)
      return { ...Object.fromEntries(failedOf(results).map((name) => [`connector.${name}`, null])), ...doneOf(results) }
    },
    invalidate: async () => {},
    async erase(scope) {
      if (scope.ids === null) return { deleted: {}, notCovered: names.map(repeatedLater) }
      const results = await connectors.erase(scope.ids)
      const covered = results.filter(({ outcome }) => outcome === 'not-covered')
      const notCovered = covered.map(({ connector }) => ({
        what: `${connector}: it knows tenants only, so the items of one subject stay`,
        until: null,
      }))
      const failed = failedOf(results)
      const pending = failed.length === 0 ? {} : { pending: `${failed.join(', ')} cannot be emptied now` }
      return { deleted: doneOf(results), notCovered, ...pending }
    },
    verify: async ({ ids }) => (ids === null ? {} : itemsOf(await connectors.verify(ids))),
  }
}

/** After a restore only tags are known, and outside stores go by ids: whether the first erasure came to empty them is not known. */
function repeatedLater(name: string): NotCovered {
  return {
    what: `${name}: not known to be emptied: after a restore only tags are known, and it goes by ids`,
    until: null,
  }
}

function itemsOf(results: readonly ConnectorResult[]): Record<string, number> {
  const failed = failedOf(results)
  if (failed.length > 0) throw incomplete(`${failed.join(', ')} cannot be asked now`)
  return doneOf(results)
}

function doneOf(results: readonly ConnectorResult[]): Record<string, number> {
  return Object.fromEntries(
    results.flatMap((result) => (result.outcome === 'done' ? [[`connector.${result.connector}`, result.items]] : [])),
  )
}

function failedOf(results: readonly ConnectorResult[]): string[] {
  return results.filter(({ outcome }) => outcome === 'failed').map(({ connector }) => connector)
}
