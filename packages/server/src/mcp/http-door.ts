import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server'
import { MemkeepError } from 'memkeep'
import type { Reach } from '../operations/operation.ts'
import { createMcpServer } from './tools.ts'

/** MCP's streamable HTTP for requests that were authenticated already. */
export interface McpDoor {
  /** Answers one request whose body was read; its reach is the credential's, and no header's. */
  answer(request: Request, body: unknown, reach: Reach): Promise<Response>
  close(): Promise<void>
}

/** Serves each request by a server of its own: nothing is kept between two, so any process can answer the next. */
export function mcpOverHttp(version: string): McpDoor {
  const handler = createMcpHandler(({ authInfo }) => createMcpServer(version, async () => reachIn(authInfo)), {
    legacy: 'stateless',
    onerror: () => {},
  })
  return {
    answer: (request, body, reach) => handler.fetch(request, { parsedBody: body, authInfo: infoOf(reach) }),
    close: async () => handler.close(),
  }
}

/** What the protocol's library hands through unread. The credential itself is not in it. */
function infoOf(reach: Reach): AuthInfo {
  return { token: '', clientId: '', scopes: [], extra: { reach } }
}

function reachIn(info: AuthInfo | undefined): Reach {
  const reach = info?.extra?.reach as Reach | undefined
  if (reach === undefined) throw new MemkeepError('ERR_ACCESS_DENIED', 'no credential')
  return reach
}
