import { type Answer, json, LoopbackServer, type Received } from './loopback-server.ts'

/** Ids of one serverless Pinecone index, by the documented format of its data plane: list and delete. */
export class PineconeStandIn {
  readonly namespaces = new Map<string, Set<string>>()
  readonly #apiKey: string

  constructor(apiKey: string) {
    this.#apiKey = apiKey
  }

  start(): Promise<LoopbackServer> {
    return LoopbackServer.start((request) => this.#answer(request))
  }

  put(namespace: string, id: string): void {
    const ids = this.namespaces.get(namespace) ?? new Set()
    this.namespaces.set(namespace, ids.add(id))
  }

  #answer({ method, url, headers, body }: Received): Answer {
    if (headers['api-key'] !== this.#apiKey) return { status: 401, body: 'Unauthorized' }
    if (!/^\d{4}-\d{2}$/.test(String(headers['x-pinecone-api-version']))) return json(400, error(3, 'API version'))
    if (method === 'GET' && url.pathname === '/vectors/list') return this.#list(url.searchParams)
    if (method === 'POST' && url.pathname === '/vectors/delete') return this.#delete(JSON.parse(body))
    return json(404, error(5, 'no such path'))
  }

  /** In the order of their bytes, at most a hundred at a time; the token is where the next page begins. */
  #list(asked: URLSearchParams): Answer {
    const namespace = asked.get('namespace') ?? ''
    const prefix = asked.get('prefix') ?? ''
    if (prefix.includes(' ')) return json(400, error(3, 'Invalid prefix'))
    const after = Buffer.from(asked.get('paginationToken') ?? '', 'base64').toString()
    const ids = [...(this.namespaces.get(namespace) ?? [])].sort().filter((id) => id.startsWith(prefix) && id > after)
    const page = ids.slice(0, Number(asked.get('limit') ?? 100))
    const next = page.length < ids.length ? { pagination: { next: Buffer.from(page.at(-1)!).toString('base64') } } : {}
    return json(200, { vectors: page.map((id) => ({ id })), ...next, namespace, usage: { readUnits: 1 } })
  }

  #delete({ ids, namespace = '' }: { ids?: string[]; namespace?: string }): Answer {
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > 1000) return json(400, error(3, 'ids: 1 to 1000'))
    const held = this.namespaces.get(namespace)
    if (held === undefined) return json(404, error(5, 'Namespace not found'))
    for (const id of ids) held.delete(id)
    return json(200, {})
  }
}

function error(code: number, message: string) {
  return { code, message, details: [] }
}
