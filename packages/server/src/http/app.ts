import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import type { Reach } from '../operations/operation.ts'
import { parseInput } from '../operations/parse-input.ts'
import { authenticate, type KeyCheck } from './authenticate.ts'
import { checkHeaders } from './check-headers.ts'
import type { Env, Exchange } from './exchange.ts'
import { openApiOf } from './openapi.ts'
import { notFound, problemResponse, Refusal, refusalOf } from './problem.ts'
import { readJson } from './read-body.ts'
import { readQuery } from './read-query.ts'
import { framesOf, type RequestLog } from './request-log.ts'
import type { Route } from './route.ts'
import { routes } from './routes/routes.ts'
import { parseTarget } from './target.ts'

export interface AppOptions {
  readonly keys: KeyCheck
  readonly log: RequestLog
  /** True once the server is closing: answers then end their connection. */
  readonly closing: () => boolean
  readonly version: string
}

/** The routes. Every request: form of the target, credential, headers, query, body, one operation, one line in the log. */
export function createApp(options: AppOptions): Hono<Env> {
  const app = new Hono<Env>()
  app.use(observe(options))
  for (const [path, methods] of Map.groupBy(routes, ({ path }) => path)) addPath(app, options, path, methods)
  app.notFound((exchange) => refuse(exchange, notFound()))
  app.onError((error, exchange) => refuse(exchange as Exchange, error))
  return app
}

/** HEAD is not GET without a body where a credential is needed: a read that nobody sees would stand in the ledger. */
function addPath(app: Hono<Env>, options: AppOptions, path: string, methods: readonly Route[]): void {
  const byMethod = new Map<string, Route>(methods.map((each) => [each.method, each]))
  const open = methods.find(({ method, audience }) => method === 'GET' && audience === 'anybody')
  if (open !== undefined) byMethod.set('HEAD', open)
  const allow = [...byMethod.keys()].sort().join(', ')
  app.all(path.replace('{id}', ':id'), async (exchange) => {
    exchange.set('route', path)
    const route = byMethod.get(exchange.req.method)
    if (route !== undefined) return handle(options, route, exchange)
    throw new Refusal(405, 'ERR_METHOD_NOT_ALLOWED', 'this route does not know the method', { Allow: allow })
  })
}

async function handle(options: AppOptions, route: Route, exchange: Exchange): Promise<Response> {
  const reach = route.audience === 'anybody' ? null : await authenticate(options.keys, exchange)
  checkHeaders(exchange.env.incoming, route.conditions)
  const query = readQuery(exchange.var.target.query, route.query)
  const body =
    route.body === null ? {} : parseInput(route.body, await readJson(exchange.env.incoming, route.bodyLimitBytes))
  return route.run({ exchange, reach: reach as Reach, query, body, id: exchange.req.param('id') ?? '' })
}

function observe({ log, closing, version }: AppOptions) {
  const document = openApiOf(routes, version)
  return async (exchange: Exchange, next: () => Promise<void>): Promise<void> => {
    const began = performance.now()
    const id = randomUUID()
    exchange.set('route', 'unknown')
    exchange.set('failure', {})
    exchange.set('document', document)
    const target = parseTarget(exchange.env.incoming.url ?? '')
    if (target === null || target.path !== exchange.req.path) exchange.res = refuse(exchange, notFound())
    else {
      exchange.set('target', target)
      await next()
    }
    exchange.header('Cache-Control', 'no-store')
    exchange.header('X-Content-Type-Options', 'nosniff')
    exchange.header('X-Request-Id', id)
    if (closing()) exchange.header('Connection', 'close')
    const { method } = exchange.req
    const ms = Math.round((performance.now() - began) * 10) / 10
    const { route, failure } = exchange.var
    log({
      at: new Date().toISOString(),
      event: 'request',
      id,
      method,
      route,
      status: exchange.res.status,
      ms,
      ...failure,
    })
  }
}

function refuse(exchange: Exchange, error: unknown): Response {
  const refusal = refusalOf(error)
  const where = refusal.code === 'ERR_INTERNAL' ? { where: framesOf(error) } : {}
  exchange.set('failure', { code: refusal.code, ...where })
  return problemResponse(refusal)
}
