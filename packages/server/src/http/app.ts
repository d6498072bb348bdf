import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { MemkeepError } from 'memkeep'
import type { ApiKeys } from '../authn/api-key.ts'
import { addMemory } from '../operations/add-memory.ts'
import { deleteMemory } from '../operations/delete-memory.ts'
import { getMemory } from '../operations/get-memory.ts'
import { listMemories } from '../operations/list-memories.ts'
import type { Reach } from '../operations/operation.ts'
import { parseInput } from '../operations/parse-input.ts'
import { searchMemories } from '../operations/search-memories.ts'
import { bearerOf, checkHeaders, idempotencyKeyOf } from './check-headers.ts'
import { notFound, problemBody, problemHeaders, Refusal, refusalOf } from './problem.ts'
import { readJson } from './read-body.ts'
import { framesOf, type RequestLine, type RequestLog } from './request-log.ts'
import { parseQuery, parseTarget, type Target } from './target.ts'

export interface AppOptions {
  readonly keys: Pick<ApiKeys, 'reach' | 'waitSeconds'>
  readonly log: RequestLog
  /** True once the server is closing: answers then end their connection. */
  readonly closing: () => boolean
}

interface Env {
  Bindings: HttpBindings
  Variables: { target: Target; route: string; failure: Pick<RequestLine, 'code' | 'where'> }
}

type Handler = (c: Context<Env>, reach: Reach) => Promise<Response>

/** The routes. Every request: form of the target, credential, headers, query, body, one operation, one line in the log. */
export function createApp(options: AppOptions): Hono<Env> {
  const app = new Hono<Env>()
  const route = (path: string, methods: Readonly<Record<string, Handler>>): void => {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, authenticated(options, path, handler))
    refuseOthers(app, path, Object.keys(methods))
  }
  app.use(observe(options))
  app.get('/healthz', (c) => {
    c.set('route', '/healthz')
    return c.json({ status: 'ok' })
  })
  refuseOthers(app, '/healthz', ['GET', 'HEAD'])
  route('/v1/memories/search', { POST: search })
  route('/v1/memories', { POST: add, GET: list })
  route('/v1/memories/:id', { GET: get, DELETE: remove })
  app.notFound((c) => respond(c, notFound()))
  app.onError((error, c) => {
    const refusal = refusalOf(error)
    const where = refusal.code === 'ERR_INTERNAL' ? { where: framesOf(error) } : {}
    c.set('failure', { code: refusal.code, ...where })
    return respond(c as Context<Env>, refusal)
  })
  return app
}

const add: Handler = async (c, reach) => {
  parseQuery(c.var.target.query, [], [])
  const idempotencyKey = idempotencyKeyOf(c.env.incoming)
  const input = parseInput(addMemory.input, await readJson(c.env.incoming))
  const call = { signal: c.req.raw.signal, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }
  const receipt = await addMemory.run(reach, input, call)
  return c.json(receipt, 201, { Location: `/v1/memories/${receipt.id}` })
}

const search: Handler = async (c, reach) => {
  parseQuery(c.var.target.query, [], [])
  const input = parseInput(searchMemories.input, await readJson(c.env.incoming))
  return c.json(await searchMemories.run(reach, input, { signal: c.req.raw.signal }))
}

const list: Handler = async (c, reach) => {
  const { limit, ...rest } = parseQuery(c.var.target.query, ['limit', 'cursor'], ['kinds', 'tags'])
  if (limit !== undefined && !/^\d{1,9}$/.test(String(limit))) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'limit must be a whole number from 1')
  }
  const input = parseInput(listMemories.input, limit === undefined ? rest : { ...rest, limit: Number(limit) })
  return c.json(await listMemories.run(reach, input, {}))
}

const get: Handler = async (c, reach) => {
  parseQuery(c.var.target.query, [], [])
  const memory = await getMemory.run(reach, { id: idOf(c) }, {})
  if (memory === null) throw notFound()
  return c.json(memory)
}

const remove: Handler = async (c, reach) => {
  parseQuery(c.var.target.query, [], [])
  if (!(await deleteMemory.run(reach, { id: idOf(c) }, {}))) throw notFound()
  return c.body(null, 204)
}

/** The last part of the path as it was sent. */
function idOf(c: Context<Env>): string {
  return c.var.target.path.slice(c.var.target.path.lastIndexOf('/') + 1)
}

function authenticated({ keys }: AppOptions, path: string, handler: Handler) {
  return async (c: Context<Env>): Promise<Response> => {
    c.set('route', path.replace(':id', '{id}'))
    if (c.req.method === 'HEAD') throw methodNotAllowed(['GET'])
    const { incoming } = c.env
    const secret = bearerOf(incoming)
    const address = incoming.socket.remoteAddress ?? 'unknown'
    const reach = secret === null ? null : await reachOf(keys, secret, address)
    if (reach === null) {
      const challenge = { 'WWW-Authenticate': 'Bearer realm="memkeep"' }
      throw new Refusal(401, 'ERR_UNAUTHENTICATED', 'a valid API key is required', challenge)
    }
    checkHeaders(incoming)
    return handler(c, reach)
  }
}

async function reachOf(keys: AppOptions['keys'], secret: string, address: string): Promise<Reach | null> {
  try {
    return await keys.reach(secret, address)
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_RATE_LIMITED') throw error
    const wait = { 'Retry-After': String(Math.max(1, keys.waitSeconds(address))) }
    throw new Refusal(429, 'ERR_RATE_LIMITED', error.message, wait)
  }
}

function refuseOthers(app: Hono<Env>, path: string, allowed: readonly string[]): void {
  app.all(path, (c) => {
    c.set('route', path.replace(':id', '{id}'))
    throw methodNotAllowed(allowed)
  })
}

function methodNotAllowed(allowed: readonly string[]): Refusal {
  return new Refusal(405, 'ERR_METHOD_NOT_ALLOWED', 'this route does not know the method', {
    Allow: allowed.join(', '),
  })
}

function observe({ log, closing }: AppOptions) {
  return async (c: Context<Env>, next: () => Promise<void>): Promise<void> => {
    const began = performance.now()
    c.set('route', 'unknown')
    c.set('failure', {})
    const target = parseTarget(c.env.incoming.url ?? '')
    if (target === null || target.path !== c.req.path) c.res = respond(c, notFound())
    else {
      c.set('target', target)
      await next()
    }
    c.header('Cache-Control', 'no-store')
    c.header('X-Content-Type-Options', 'nosniff')
    if (closing()) c.header('Connection', 'close')
    const { method } = c.req
    const ms = Math.round((performance.now() - began) * 10) / 10
    const at = new Date().toISOString()
    log({ at, event: 'request', method, route: c.var.route, status: c.res.status, ms, ...c.var.failure })
  }
}

function respond(c: Context<Env>, refusal: Refusal): Response {
  c.set('failure', { ...c.var.failure, code: refusal.code })
  return new Response(problemBody(refusal), { status: refusal.status, headers: problemHeaders(refusal) })
}
