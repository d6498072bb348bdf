import { type Answer, json, LoopbackServer, type Received } from './loopback-server.ts'

type Condition = { readonly key: string; readonly match: { readonly value: unknown } }

/** Points of one Qdrant collection, by the documented REST format: count and delete by a filter of `must` conditions. */
export class QdrantStandIn {
  readonly points = new Map<number, Record<string, unknown>>()
  readonly apiKey: string
  readonly #collection: string
  #next = 1

  constructor(collection: string, apiKey: string) {
    this.#collection = collection
    this.apiKey = apiKey
  }

  start(): Promise<LoopbackServer> {
    return LoopbackServer.start((request) => this.#answer(request))
  }

  put(payload: Record<string, unknown>): void {
    this.points.set(this.#next++, payload)
  }

  #answer({ method, url, headers, body }: Received): Answer {
    if (headers['api-key'] !== this.apiKey) return json(401, { status: { error: 'Invalid API key or JWT' }, time: 0 })
    const path = /^\/collections\/([^/]+)\/points\/(count|delete)$/.exec(url.pathname)
    if (method !== 'POST' || path === null) return json(404, { status: { error: 'Not found' }, time: 0 })
    if (decodeURIComponent(path[1]!) !== this.#collection) {
      return json(404, { status: { error: "Not found: Collection doesn't exist!" }, time: 0 })
    }
    const { filter, exact } = JSON.parse(body) as { filter?: { must?: Condition[] }; exact?: boolean }
    if (!Array.isArray(filter?.must)) return json(400, { status: { error: 'Format error in JSON body' }, time: 0 })
    const found = [...this.points].filter(([, payload]) =>
      filter.must!.every(({ key, match }) => payload[key] === match.value),
    )
    if (path[2] === 'count') {
      // What is not exact is an estimate.
      return json(200, {
        result: { count: exact === true ? found.length : found.length + 1 },
        status: 'ok',
        time: 0.001,
      })
    }
    for (const [id] of found) this.points.delete(id)
    const status = url.searchParams.get('wait') === 'true' ? 'completed' : 'acknowledged'
    return json(200, { result: { operation_id: 1, status }, status: 'ok', time: 0.001 })
  }
}
