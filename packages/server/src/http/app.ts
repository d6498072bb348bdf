import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import { MemkeepError } from 'memkeep'
import type { Caller } from '../authn/caller.ts'
import type { RateLimits } from '../authn/rate-limits.ts'
import type { TimeShares } from '../authn/time-shares.ts'
import { asDenied } from '../operations/as-denied.ts'
import { addressNamesScope, namesScope, ScopeSmuggled } from '../operations/names-scope.ts'
import { parseInput } from '../operations/parse-input.ts'
import { answerOnce } from './answer-once.ts'
import { cutOffIfUnread, untilAnswered } from './answered.ts'
import { authenticate, authenticateAdmin, type Directories } from './authenticate.ts'
import { checkHeaders, checkTrailers, hasTwoHosts } from './check-headers.ts'
import type { Env, Exchange } from './exchange.ts'
import { answerMcp, checkHosts, type KnownHosts, type RemoteMcp } from './mcp-route.ts'
import { noteSmuggling } from './note-smuggling.ts'
import { openApiOf } from './openapi.ts'
import { everyHeader, notFound, problemResponse, Refusal, refusalOf } from './problem.ts'
import { readJson, refuseBody } from './read-body.ts'
import { readQuery } from './read-query.ts'
import { framesOf, type RequestLine, type RequestLog } from './request-log.ts'
import type { Route } from './route.ts'
import { metadataUrl, type ProtectedResource } from './routes/protected-resource.ts'
import { routes } from './routes/routes.ts'
import type { ServerMetrics } from './server-metrics.ts'
import { parseTarget } from './target.ts'

export interface AppOptions extends Directories {
  readonly log: RequestLog
  /** True once the server is closing: answers then end their connection. */
  readonly closing: () => boolean
  /** How long an answer may lie unread before its connection is ended, in milliseconds. */
  readonly unreadMs: number
  readonly version: string
  readonly limits: RateLimits
  readonly shares: TimeShares
  readonly metrics: ServerMetrics
  /** Throws what a call would that was made now. */
  readonly ready: () => Promise<void>
  /** Answers at /mcp; null: there is no such route. */
  readonly mcp: RemoteMcp | null
  /** Names under which /mcp answers. */
  readonly hosts: KnownHosts
  /** This server as a protected resource (RFC 9728), once it listens. */
  readonly resource: () => ProtectedResource
}

/** The routes. Every request: form of the target, credential, headers, query, body, one operation, one line in the log. */
export function createApp(options: AppOptions): Hono<Env> {
  const app = new Hono<Env>()
  app.use(observe(options))
  for (const [path, methods] of Map.groupBy(routes, ({ path }) => path)) addPath(app, options, path, methods)
  if (options.mcp !== null) addMcp(app, options, options.mcp)
  app.notFound((exchange) => refuseUnknown(options, exchange))
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

/** MCP's streamable HTTP keeps no session here, so POST is all there is to it. */
function addMcp(app: Hono<Env>, options: AppOptions, mcp: RemoteMcp): void {
  app.all('/mcp', async (exchange) => {
    exchange.set('route', '/mcp')
    checkHosts(exchange, options.hosts)
    if (exchange.req.method !== 'POST') {
      throw new Refusal(405, 'ERR_METHOD_NOT_ALLOWED', 'this route does not know the method', { Allow: 'POST' })
    }
    const caller = await authenticate(options, exchange, metadataUrl(options.resource()))
    const note = exchange.var.noteFault
    return serveCaller(options, exchange, caller, () => answerMcp(mcp, exchange, caller, options.metrics, note))
  })
}

async function handle(options: AppOptions, route: Route, exchange: Exchange): Promise<Response> {
  switch (route.audience) {
    case 'anybody':
      return route.run((await askedOf(route, exchange)) as never)
    case 'admin': {
      const administrator = await authenticateAdmin(options, exchange)
      untilAnswered(exchange, await options.limits.beginAdministrator(administrator))
      const { privileged } = administrator
      const asked = await askedOf(route, exchange).catch((error: unknown) => {
        // Of no tenant, so it stands in no ledger: counted, and in the log as a refusal.
        if (error instanceof ScopeSmuggled) options.metrics.noteSmuggling()
        throw error
      })
      return answerOnce(route, exchange, asked, { privileged }, () => route.run({ ...asked, privileged } as never))
    }
    case 'memory': {
      if (namesScope(exchange.req.param('id') ?? '')) return refuseUnknown(options, exchange)
      const caller = await authenticate(options, exchange)
      return serveCaller(options, exchange, caller, async () => {
        const asked = await askedOf(route, exchange)
        const { reach, stands } = caller
        return answerOnce(route, exchange, asked, { reach }, () => route.run({ ...asked, reach, stands } as never))
      })
    }
  }
}

/**
 * Has it stand in the ledger when the caller's request named whose memories it means; it is refused in any case. A tenant that
 * there is not (a token's issuer can name any) answers as one that the caller may not use.
 */
async function serveCaller(
  { limits, shares, metrics }: AppOptions,
  exchange: Exchange,
  caller: Caller,
  run: () => Promise<Response>,
): Promise<Response> {
  untilAnswered(exchange, await limits.begin(caller))
  const over = await turnOf(shares, caller)
  try {
    return await run().catch(async (error: unknown) => {
      if (error instanceof ScopeSmuggled) {
        await noteSmuggling(caller.reach, metrics)
      }
      throw error
    })
  } catch (error) {
    throw asDenied(error)
  } finally {
    over()
  }
}

/** Whatever keeps its tenant's tag from being had keeps the call from being served: that says why, in its own way. */
async function turnOf(shares: TimeShares, { reach }: Caller): Promise<() => void> {
  const tag = await reach.writes.tenantTag().catch(() => null)
  return tag === null ? () => {} : shares.turn(tag)
}

/** What a request asks: its headers, query and body are as the route has them. */
async function askedOf(route: Route, exchange: Exchange) {
  const { incoming } = exchange.env
  checkHeaders(incoming, route.conditions)
  const query = readQuery(exchange.var.target.query, route.query)
  const body = await bodyOf(route, incoming)
  checkTrailers(incoming)
  return { exchange, query, body, id: exchange.req.param('id') ?? '' }
}

async function bodyOf(
  { body, bodyLimitBytes, mostValues }: Route,
  incoming: IncomingMessage,
): Promise<Record<string, unknown>> {
  if (body !== null) return parseInput(body, await readJson(incoming, bodyLimitBytes, mostValues))
  await refuseBody(incoming, bodyLimitBytes)
  return {}
}

/** What is nowhere here is 404 in any case; a path that names a scope, with a good credential for memories, stands in the ledger too. */
async function refuseUnknown(options: AppOptions, exchange: Exchange): Promise<Response> {
  const { pathname } = new URL(exchange.req.url)
  if (addressNamesScope(pathname) && !pathname.startsWith('/admin/')) {
    const caller = await authenticate(options, exchange).catch(() => null)
    if (caller !== null) {
      const attempt = serveCaller(options, exchange, caller, () => Promise.reject(new ScopeSmuggled()))
      const refusal = refusalOf(await attempt.catch((error: unknown) => error))
      if (refusal.status !== 422) return refuse(exchange, refusal)
    }
  }
  return refuse(exchange, notFound())
}

function observe(options: AppOptions) {
  const { log, closing, unreadMs, version, resource, metrics, ready } = options
  const state = { ready, metrics: () => metrics.text() }
  const document = openApiOf(routes, version)
  return async (exchange: Exchange, next: () => Promise<void>): Promise<void> => {
    const began = performance.now()
    const id = randomUUID()
    exchange.set('route', 'unknown')
    exchange.set('id', id)
    exchange.set('began', began)
    exchange.set('failure', {})
    exchange.set('noteFault', (error) => {
      const failure = failureOf(error, refusalOf(error))
      metrics.noteRefusal(failure.code)
      log(lineOf(exchange, 'fault', failure))
    })
    exchange.set('document', document)
    exchange.set('resource', resource)
    exchange.set('state', state)
    // Before there is an answer: to one that is made already hono adds none without making it anew, as a stream.
    setHeaders(exchange, id)
    const target = parseTarget(exchange.env.incoming.url ?? '')
    if (hasTwoHosts(exchange.env.incoming)) exchange.res = refuse(exchange, twoHosts())
    else if (target === null || target.path !== exchange.req.path) exchange.res = await refuseUnknown(options, exchange)
    else {
      exchange.set('target', target)
      await next()
    }
    if (!exchange.res.headers.has('X-Request-Id')) setHeaders(exchange, id)
    cutOffIfUnread(exchange, unreadMs)
    if (closing()) exchange.header('Connection', 'close')
    const line = lineOf(exchange, 'request', exchange.var.failure)
    metrics.noteRequest(line)
    log(line)
  }
}

function lineOf(exchange: Exchange, event: RequestLine['event'], failure: Env['Variables']['failure']): RequestLine {
  const { id, began, route } = exchange.var
  const ms = Math.round((performance.now() - began) * 10) / 10
  const [at, { method }, { status }] = [new Date().toISOString(), exchange.req, exchange.res]
  return { at, event, id, method, route, status, ms, ...failure }
}

function setHeaders(exchange: Exchange, id: string): void {
  for (const [name, value] of Object.entries(everyHeader(id))) exchange.header(name, value)
}

function twoHosts(): Refusal {
  return new Refusal(400, 'ERR_REQUEST_MALFORMED', 'Host must stand once', { Connection: 'close' })
}

function refuse(exchange: Exchange, error: unknown): Response {
  const refusal = refusalOf(error)
  exchange.set('failure', failureOf(error, refusal))
  return problemResponse(refusal)
}

function failureOf(error: unknown, { code, cause }: Refusal) {
  const where = code === 'ERR_INTERNAL' ? { where: framesOf(error) } : {}
  const reason = cause instanceof MemkeepError ? { reason: cause.message } : {}
  return { code, ...reason, ...where }
}
