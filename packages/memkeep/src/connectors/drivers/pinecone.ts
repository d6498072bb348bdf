import type { AttemptOptions } from '../../core/attempts.ts'
import { MemkeepError } from '../../core/errors.ts'
import { Failure } from '../../core/failure.ts'
import type { Connector, ConnectorScope } from '../connector.ts'
import { ask, checkAddress, checkHeader } from './ask.ts'
import { checkedPrefixes } from './prefixes.ts'

export interface PineconeInput extends AttemptOptions {
  /** Default `pinecone`. */
  readonly name?: string
  /** The index's own host: `https://index-abc.svc.region.pinecone.io`. Of a serverless index: others cannot list ids. */
  readonly host: string
  readonly apiKey: string
  /** The namespace that holds a tenant's records and nobody else's. Default: the tenant's id. */
  readonly namespaceOf?: (tenant: string) => string
  /** What the ids of a subject's records begin with, without spaces: `(subject) => `${subject}#``. Without it only a tenant's erasure reaches the index. */
  readonly idPrefixOf?: (subject: string) => string
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch
}

interface ListAnswer {
  readonly vectors?: readonly { readonly id: string }[]
  readonly pagination?: { readonly next?: string }
}

const apiVersion = '2025-10'

/**
 * Records of a Pinecone index: a namespace for each tenant, ids with a prefix for each subject. Pinecone shows a removal after a while: until then
 * `verify` counts what is still to be seen.
 */
export function pineconeConnector(input: PineconeInput): Connector {
  const {
    name = 'pinecone',
    host,
    apiKey,
    namespaceOf = (tenant) => tenant,
    idPrefixOf,
    fetch: send = fetch,
    ...patience
  } = input
  const address = checkAddress(host, 'host')
  const headers = { 'api-key': checkHeader(apiKey, 'apiKey'), 'x-pinecone-api-version': apiVersion }
  checkedPrefixes(({ tenant, subject }) => [
    `${namespaceOf(tenant)}/${subject === null ? '/' : (idPrefixOf?.(subject) ?? `${subject}/`)}`,
  ])

  const namespace = (tenant: string): string => {
    const found = namespaceOf(tenant)
    if (typeof found === 'string' && found !== '') return found
    throw new MemkeepError('ERR_INPUT_INVALID', 'namespaceOf must give a name that is not empty')
  }

  /** Ids of the scope, at most a hundred at a time. */
  async function* idsOf({ tenant, subject }: ConnectorScope, signal: AbortSignal): AsyncGenerator<string[]> {
    const url = new URL(`${address}/vectors/list`)
    url.searchParams.set('namespace', namespace(tenant))
    const prefix = subject === null ? '' : idPrefixOf!(subject)
    if (subject !== null) url.searchParams.set('prefix', prefix)
    for (;;) {
      const answer = (await ask({ method: 'GET', url, headers, absent: 404 }, signal, send)) as ListAnswer | null
      if (answer === null) return
      if (!Array.isArray(answer.vectors)) throw new Failure('the store did not list its ids', false)
      const ids = answer.vectors.map(({ id }) => id)
      if (!ids.every((id) => id.startsWith(prefix))) throw new Failure('the store listed ids of others', false)
      if (ids.length > 0) yield ids
      const next = answer.pagination?.next
      if (next === undefined || next === '') return
      url.searchParams.set('paginationToken', next)
    }
  }
  const count = async (scope: ConnectorScope, signal: AbortSignal): Promise<number> => {
    let number = 0
    for await (const ids of idsOf(scope, signal)) number += ids.length
    return number
  }

  return {
    name,
    separates: idPrefixOf === undefined ? 'tenants' : 'subjects',
    patience,
    inventory: count,
    verify: count,
    async erase(scope, signal) {
      const url = new URL(`${address}/vectors/delete`)
      let removed = 0
      // All pages first: a token may not outlive the ids that it stands behind.
      const pages: string[][] = []
      for await (const ids of idsOf(scope, signal)) pages.push(ids)
      for (const ids of pages) {
        const body = JSON.stringify({ ids, namespace: namespace(scope.tenant) })
        await ask({ method: 'POST', url, headers, body, absent: 404 }, signal, send)
        removed += ids.length
      }
      return removed
    },
  }
}
