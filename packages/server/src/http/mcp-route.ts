import { localhostAllowedHostnames, validateHostHeader, validateOriginHeader } from '@modelcontextprotocol/server'
import { MemkeepError } from 'memkeep'
import type { Caller } from '../authn/caller.ts'
import { ScopeSmuggled } from '../operations/names-scope.ts'
import type { Reach } from '../operations/operation.ts'
import { smugglesBeside, smugglesScope } from '../operations/smuggles.ts'
import { checkHeaders, checkTrailers } from './check-headers.ts'
import type { Exchange } from './exchange.ts'
import { noteSmuggling } from './note-smuggling.ts'
import { Refusal } from './problem.ts'
import { readJson } from './read-body.ts'
import { bodyLimitBytes } from './route.ts'
import type { ServerMetrics } from './server-metrics.ts'
import { parseQuery } from './target.ts'

/** Whatever answers MCP's streamable HTTP once a request is authenticated. */
export interface RemoteMcp {
  answer(
    request: Request,
    body: unknown,
    caller: { reach: Reach; note: (fault: MemkeepError) => void },
  ): Promise<Response>
}

/** Under which names the server is known; null: any, and an Origin has to be the Host's. */
export type KnownHosts = readonly string[] | null

/**
 * Refuses what a page in a browser could bring about by a name that leads here (DNS rebinding): a Host that is not one of ours,
 * an Origin that is not one either.
 */
export function checkHosts(exchange: Exchange, known: KnownHosts): void {
  const { host, origin } = exchange.env.incoming.headers
  const hosts = known ?? [hostnameOf(host ?? '')]
  const fits =
    validateHostHeader(host, [...hosts]).ok && (origin === undefined || validateOriginHeader(origin, [...hosts]).ok)
  if (!fits) throw new Refusal(403, 'ERR_ACCESS_DENIED', 'this host or origin is not one that is served here')
}

/** The names of this machine alone. */
export const loopbackHosts: KnownHosts = localhostAllowedHostnames()

function hostnameOf(host: string): string {
  try {
    return new URL(`http://${host}`).hostname
  } catch {
    return ''
  }
}

/** One request of MCP by a caller. What names a scope is refused, in arguments by the tools, and stands in the ledger. */
export async function answerMcp(
  mcp: RemoteMcp,
  exchange: Exchange,
  { reach }: Caller,
  metrics: ServerMetrics,
  note: (fault: MemkeepError) => void,
): Promise<Response> {
  checkHeaders(exchange.env.incoming, [])
  parseQuery(exchange.var.target.query, [], [])
  const body = await readJson(exchange.env.incoming, bodyLimitBytes)
  // Each message of a list would be a call of its own that the limits on requests do not count.
  if (Array.isArray(body)) throw new Refusal(400, 'ERR_REQUEST_MALFORMED', 'one message a request: lists are not taken')
  checkTrailers(exchange.env.incoming)
  checkBeside(body)
  if (smugglesBeside(body)) throw new ScopeSmuggled()
  if (smugglesScope(body)) await noteSmuggling(reach, metrics)
  // The body was read; the protocol's library takes it from here and not from the request.
  const { url, headers, signal } = exchange.req.raw
  return mcp.answer(new Request(url, { method: 'POST', headers: plain(headers), signal }), body, { reach, note })
}

/** The most values of a message beside a tool's arguments, which the tools judge: of all else the protocol's library lists every fault, each in a few lines. */
const mostBeside = 500

function checkBeside(body: unknown): void {
  const { params, ...others } = Object(body)
  const { arguments: _, ...beside } = Object(params)
  if (valuesIn([others, beside]) > mostBeside)
    throw new MemkeepError('ERR_INPUT_INVALID', `more than ${mostBeside} values beside the arguments`)
}

function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, item) => sum + 1 + valuesIn(item), 0)
}

/** Without the credential: nothing behind this door needs it. */
function plain(headers: Headers): Headers {
  const kept = new Headers(headers)
  kept.delete('authorization')
  return kept
}
