import type { ConnectorResult, Connectors } from '../connectors/connectors.ts'
import type { ErasureTarget } from '../core/erasure.ts'
import { incomplete } from './steps.ts'

/** As plan and report name a connector. */
export const connectorStore = (name: string): string => `connector.${name}`

/** The outside stores as one target: one that is down keeps the erasure open and is named, and keeps no other from being emptied. */
export function connectorTarget(connectors: Connectors): ErasureTarget {
  const { names } = connectors
  const stores = names.map(connectorStore)
  return {
    name: 'connectors',
    stores,
    outside: true,
    // One that is down now does not keep the barrier from standing: it must be emptied later, or the erasure stays open.
    inventory: async (scope) => {
      return scope.ids === null ? {} : doneOf(await connectors.inventory(scope.ids))
    },
    invalidate: async () => {},
    async erase(scope) {
      if (scope.ids === null) return { deleted: {}, pending: `${names.join(', ')} ${nameless}` }
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
    async verify({ ids }) {
      if (ids === null) throw incomplete(`${names.join(', ')} ${nameless}`)
      return itemsOf(await connectors.verify(ids))
    },
  }
}

/** An erasure that was repeated after a restore knows tags, and whose they are only where the restored database still said so. */
const nameless = 'go by ids, and after a restore only tags are known: resume it with whom it is of'

function itemsOf(results: readonly ConnectorResult[]): Record<string, number> {
  const failed = failedOf(results)
  if (failed.length > 0) throw incomplete(`${failed.join(', ')} cannot be asked now`)
  return doneOf(results)
}

function doneOf(results: readonly ConnectorResult[]): Record<string, number> {
  return Object.fromEntries(
    results.flatMap((result) => (result.outcome === 'done' ? [[connectorStore(result.connector), result.items]] : [])),
  )
}

function failedOf(results: readonly ConnectorResult[]): string[] {
  return results.filter(({ outcome }) => outcome === 'failed').map(({ connector }) => connector)
}
