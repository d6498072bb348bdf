import { Hono } from 'hono'
import { authenticate, type KeyCheck } from './authenticate.ts'
import { checkHeaders } from './check-headers.ts'
import type { Env, Exchange, Handler } from './exchange.ts'
import { memoryRoutes } from './memory-routes.ts'
import { notFound, problemResponse, Refusal, refusalOf } from './problem.ts'
import { framesOf, type RequestLog } from './request-log.ts'
import { parseTarget } from './target.ts'

export interface AppOptions {
  readonly keys: KeyCheck
  readonly log: RequestLog
  /** True once the server is closing: answers then end their connection. */
  readonly closing: () => boolean
}

/** The routes. Every request: form of the target, credential, headers, query, body, one operation, one line in the log. */
export function createApp(options: AppOptions): Hono<Env> {
  const app = new Hono<Env>()
  app.use(observe(options))
  addRoute(app, '/healthz', { GET: async (exchange) => exchange.json({ status: 'ok' }) }, ['GET', 'HEAD'])
  for (const [path, handlers] of Object.entries(memoryRoutes)) {
    const guarded = Object.entries(handlers).map(([method, handler]) => [method, guard(options.keys, handler)])
    addRoute(app, path, Object.fromEntries(guarded), Object.keys(handlers))
  }
  app.notFound((exchange) => refuse(exchange, notFound()))
  app.onError((error, exchange) => refuse(exchange as Exchange, error))
  return app
}

type OpenHandler = (exchange: Exchange) => Promise<Response>

/** HEAD is not GET without a body here: a read that nobody sees would stand in the ledger. */
function addRoute(
  app: Hono<Env>,
  path: string,
  handlers: Readonly<Record<string, OpenHandler>>,
  allowed: readonly string[],
): void {
  app.all(path, async (exchange) => {
    exchange.set('route', path.replace(':id', '{id}'))
    const { method } = exchange.req
    if (allowed.includes(method)) return handlers[method === 'HEAD' ? 'GET' : method]!(exchange)
    const allow = { Allow: allowed.join(', ') }
    throw new Refusal(405, 'ERR_METHOD_NOT_ALLOWED', 'this route does not know the method', allow)
  })
}

function guard(keys: KeyCheck, handler: Handler): OpenHandler {
  return async (exchange) => {
    const reach = await authenticate(keys, exchange)
    checkHeaders(exchange.env.incoming)
    return handler(exchange, reach)
  }
}

function observe({ log, closing }: AppOptions) {
  return async (exchange: Exchange, next: () => Promise<void>): Promise<void> => {
    const began = performance.now()
    exchange.set('route', 'unknown')
    exchange.set('failure', {})
    const target = parseTarget(exchange.env.incoming.url ?? '')
    if (target === null || target.path !== exchange.req.path) exchange.res = refuse(exchange, notFound())
    else {
      exchange.set('target', target)
      await next()
    }
    exchange.header('Cache-Control', 'no-store')
    exchange.header('X-Content-Type-Options', 'nosniff')
    if (closing()) exchange.header('Connection', 'close')
    const { method } = exchange.req
    const ms = Math.round((performance.now() - began) * 10) / 10
    const at = new Date().toISOString()
    log({
      at,
      event: 'request',
      method,
      route: exchange.var.route,
      status: exchange.res.status,
      ms,
      ...exchange.var.failure,
    })
  }
}

function refuse(exchange: Exchange, error: unknown): Response {
  const refusal = refusalOf(error)
  const where = refusal.code === 'ERR_INTERNAL' ? { where: framesOf(error) } : {}
  exchange.set('failure', { code: refusal.code, ...where })
  return problemResponse(refusal)
}
