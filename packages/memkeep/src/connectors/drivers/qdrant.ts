import type { AttemptOptions } from '../../core/attempts.ts'
import { Failure } from '../../core/failure.ts'
import type { Connector, ConnectorScope } from '../connector.ts'
import { ask, checkAddress, checkHeader } from './ask.ts'

export interface QdrantInput extends AttemptOptions {
  /** Default `qdrant`. */
  readonly name?: string
  /** `https://host:6333`. */
  readonly url: string
  readonly apiKey?: string
  readonly collection: string
  /** The payload's field with the tenant's id, as a keyword. */
  readonly tenantField: string
  /** And the one with the subject's. Without it only a tenant's erasure reaches the collection. */
  readonly subjectField?: string
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch
}

interface Answer {
  readonly status?: unknown
  readonly result?: { readonly count?: number; readonly status?: string }
}

/** Points of a Qdrant collection, by fields of their payload. */
export function qdrantConnector(input: QdrantInput): Connector {
  const {
    name = 'qdrant',
    url,
    apiKey,
    collection,
    tenantField,
    subjectField,
    fetch: send = fetch,
    ...patience
  } = input
  const points = `${checkAddress(url, 'url')}/collections/${encodeURIComponent(collection)}/points`
  const headers: Record<string, string> = apiKey === undefined ? {} : { 'api-key': checkHeader(apiKey, 'apiKey') }

  const filterOf = ({ tenant, subject }: ConnectorScope) => ({
    must: [
      { key: tenantField, match: { value: tenant } },
      ...(subject === null ? [] : [{ key: subjectField!, match: { value: subject } }]),
    ],
  })
  const post = async (path: string, body: object, signal: AbortSignal): Promise<Answer> => {
    const question = { method: 'POST', url: new URL(points + path), headers, body: JSON.stringify(body) } as const
    const answer = (await ask(question, signal, send)) as Answer | null
    if (answer?.status !== 'ok') throw new Failure('the store did not say that it is done', true)
    return answer
  }
  const count = async (scope: ConnectorScope, signal: AbortSignal): Promise<number> => {
    const answer = await post('/count?consistency=all', { filter: filterOf(scope), exact: true }, signal)
    return answer.result?.count as number
  }

  return {
    name,
    separates: subjectField === undefined ? 'tenants' : 'subjects',
    patience,
    inventory: count,
    verify: count,
    async erase(scope, signal) {
      const held = await count(scope, signal)
      const answer = await post('/delete?wait=true&ordering=strong', { filter: filterOf(scope) }, signal)
      if (answer.result?.status !== 'completed') throw new Failure('the store has not removed the points yet', true)
      return held
    },
  }
}
