import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { RateLimits } from '../authn/rate-limits.ts'
import type { TimeShares } from '../authn/time-shares.ts'
import { createApp } from './app.ts'
import type { Directories } from './authenticate.ts'
import { type KnownHosts, loopbackHosts, type RemoteMcp } from './mcp-route.ts'
import { everyHeader, problemBody, problemHeaders, Refusal, refusalOf } from './problem.ts'
import type { RequestLine, RequestLog } from './request-log.ts'
import type { ServerMetrics } from './server-metrics.ts'

export interface ListenOptions extends Directories {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly log: RequestLog
  readonly version: string
  readonly limits: RateLimits
  readonly shares: TimeShares
  readonly metrics: ServerMetrics
  readonly ready: () => Promise<void>
  readonly mcp: RemoteMcp | null
  /** The address that clients know this server by; default its own. Its name is then the only one under which /mcp answers. */
  readonly publicUrl?: string
  /** Of the identity provider whose tokens are taken. */
  readonly issuer?: string
  /** How long requests under way may take to finish when the door closes. Default 10,000. */
  readonly graceMs?: number
  /** How long an answer may lie unread before its connection is ended. Default 60,000. */
  readonly unreadMs?: number
}

export interface Listening {
  readonly url: string
  /** Takes no more requests; those under way finish first, within the grace. */
  close(): Promise<void>
}

/**
 * What slow senders get: a request's head within 10 s, all of it within 30 s. An idle connection stays for longer than proxies keep
 * theirs (60 s mostly): else the two race, and the proxy answers 502 to a request that was sent into a closing connection.
 */
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2000,
}

/** Opens the HTTP door. Rejects with the system's error when the address cannot be had. */
export async function listen({
  host,
  port,
  publicUrl,
  issuer,
  graceMs = 10_000,
  unreadMs = 60_000,
  ...rest
}: ListenOptions): Promise<Listening> {
  let closing = false
  let url = ''
  const app = createApp({
    ...rest,
    closing: () => closing,
    unreadMs,
    hosts: hostsOf(host, publicUrl),
    resource: () => ({ url: publicUrl ?? url, issuer: issuer ?? null }),
  })
  const outside = outsideOf(rest)
  const errorHandler = (error: unknown): Response => {
    const { body, ...init } = outside(outsideRefusal(error))
    return new Response(body, init)
  }
  // A missing Host is refused there too, and not by Node, whose answer has none of our headers.
  const settings = { ...timeouts, requireHostHeader: false }
  const server = createServer(settings, getRequestListener(app.fetch, { errorHandler, overrideGlobalObjects: false }))
  server.on('clientError', (error, socket) => refuseConnection(error, socket, outside))
  server.on('checkExpectation', ({ method }: IncomingMessage, response: ServerResponse) => {
    const refusal = new Refusal(417, 'ERR_REQUEST_MALFORMED', 'the expectation cannot be met')
    const { status, headers, body } = outside(refusal, method)
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  return {
    url,
    close: () => {
      closing = true
      return closeServer(server, graceMs)
    },
  }
}

/** On an address of this machine alone only its own names are served: whatever else leads here was made to by somebody. */
function hostsOf(host: string, publicUrl: string | undefined): KnownHosts {
  if (publicUrl !== undefined) return [new URL(publicUrl).hostname]
  return /^(127\.|localhost$|::1$)/.test(host) ? loopbackHosts : null
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(deadline)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** An answer to what reaches no route. */
interface Outside {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Makes answers to what reaches no route: each has the headers of all the others, a line in the log, and is counted. */
function outsideOf({ log, metrics }: Pick<ListenOptions, 'log' | 'metrics'>) {
  return (refusal: Refusal, method = 'unknown'): Outside => {
    const [id, at, { status, code }] = [randomUUID(), new Date().toISOString(), refusal]
    const line: RequestLine = { at, event: 'request', id, method, route: 'unknown', status, ms: 0, code }
    metrics.noteRequest(line)
    log(line)
    return { status, headers: { ...problemHeaders(refusal), ...everyHeader(id) }, body: problemBody(refusal) }
  }
}

/** For what goes wrong outside of the routes: a target or a Host header of which no URL can be made. */
function outsideRefusal(error: unknown): Refusal {
  const malformed = new Refusal(400, 'ERR_REQUEST_MALFORMED', 'the request target or Host is malformed')
  return error instanceof RequestError ? malformed : refusalOf(error)
}

/** What is not HTTP gets one answer and the end of its connection. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex, outside: (refusal: Refusal) => Outside): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, headers, body } = outside(connectionRefusal(error.code))
  const head = [`HTTP/1.1 ${status} ${JSON.parse(body).title}`, 'Connection: close', `Content-Length: ${body.length}`]
  for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`)
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function connectionRefusal(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return new Refusal(431, 'ERR_INPUT_TOO_LARGE', 'the headers are too large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Refusal(408, 'ERR_REQUEST_MALFORMED', 'the request took too long')
  return new Refusal(400, 'ERR_REQUEST_MALFORMED', 'this is not HTTP/1.1')
}
