import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server'
import { MemkeepError } from 'memkeep'
import type { Reach } from '../operations/operation.ts'
import type { NoteFault } from './told.ts'
import { createMcpServer, maxSubscriptions } from './tools.ts'

/** Whose request it is, and who hears of a fault of the server while it is answered. */
export interface McpCaller {
  readonly reach: Reach
  readonly note: NoteFault
}

/** MCP's streamable HTTP for requests that were authenticated already. */
export interface McpDoor {
  /** Answers one request whose body was read; its reach is the credential's, and no header's. */
  answer(request: Request, body: unknown, caller: McpCaller): Promise<Response>
  close(): Promise<void>
}

/** Serves each request by a server of its own: nothing is kept between two, so any process can answer the next. */
export function mcpOverHttp(version: string): McpDoor {
  const serverFor = ({ reach, note }: McpCaller) => createMcpServer(version, async () => reach, note)
  const handler = createMcpHandler(({ authInfo }) => serverFor(callerIn(authInfo)), {
    legacy: 'stateless',
    maxSubscriptions,
    onerror: () => {},
  })
  return {
    answer: (request, body, caller) => handler.fetch(request, { parsedBody: body, authInfo: infoOf(caller) }),
    close: async () => handler.close(),
  }
}

/** What the protocol's library hands through unread. The credential itself is not in it. */
function infoOf(caller: McpCaller): AuthInfo {
  return { token: '', clientId: '', scopes: [], extra: { caller } }
}

function callerIn(info: AuthInfo | undefined): McpCaller {
  const caller = info?.extra?.caller as McpCaller | undefined
  if (caller === undefined) throw new MemkeepError('ERR_ACCESS_DENIED', 'no credential')
  return caller
}
