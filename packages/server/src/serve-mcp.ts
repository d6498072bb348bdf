import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { MemkeepError } from 'memkeep'
import { agentReach } from './authn/agent-reach.ts'
import { Credentials } from './authn/credentials.ts'
import { strictLines } from './mcp/strict-lines.ts'
import { createMcpServer, maxSubscriptions } from './mcp/tools.ts'
import { openKeep, type Place } from './open-keep.ts'
import { ScopeSmuggled } from './operations/names-scope.ts'
import type { Reach } from './operations/operation.ts'
import { smugglesBeside, smugglesScope } from './operations/smuggles.ts'

/** Whose memories the tools reach: a subject that the operator of this machine names, or what an API key stands for. */
export type Binding = { readonly tenant: string; readonly subject: string } | { readonly apiKey: string }

export interface ServeMcpOptions {
  readonly place: Place
  readonly binding: Binding
  readonly version: string
}

export interface ServingMcp {
  /** Settles when the client has gone. */
  readonly ended: Promise<void>
  /** How it searches: lines for whoever started it. */
  readonly says: readonly string[]
  close(): Promise<void>
}

/**
 * Serves MCP on this process's stdin and stdout. Throws `ERR_TENANT_UNKNOWN` when there is no such tenant, and
 * `ERR_ACCESS_DENIED` when the API key is not valid.
 */
export async function serveMcp({ place, binding, version }: ServeMcpOptions): Promise<ServingMcp> {
  const { keep, says } = await openKeep(place)
  try {
    const credentials = new Credentials(keep)
    const reach = async (): Promise<Reach> => {
      if (!('apiKey' in binding)) return agentReach(keep, binding.tenant, binding.subject)
      const found = await credentials.caller(binding.apiKey, 'stdio')
      if (found === null) throw new MemkeepError('ERR_ACCESS_DENIED', 'the API key is not valid')
      return found.reach
    }
    await (await reach()).reads.list({ limit: 1 })
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    process.stdin.once('end', resolve).once('close', resolve)
    const attempts = new Set<Promise<void>>()
    const note = (): void => {
      const noted = reach()
        .then(({ writes }) => writes.noteSmuggling())
        .catch(() => {})
        .finally(() => attempts.delete(noted))
      attempts.add(noted)
    }
    const input = strictLines(process.stdin, {
      answer: (line) => process.stdout.write(line),
      wrong(message) {
        // In the arguments the tools refuse it; here it comes to stand in the ledger, as over HTTP.
        if (smugglesScope(message)) note()
        return smugglesBeside(message) ? new ScopeSmuggled().message : null
      },
    })
    const transport = new StdioServerTransport(input, process.stdout)
    const tell = ({ code, message }: MemkeepError) => process.stderr.write(`memkeep: ${message} (${code})\n`)
    const door = serveStdio(() => createMcpServer(version, reach, tell), { transport, maxSubscriptions })
    const close = async (): Promise<void> => {
      await door.close()
      await Promise.all(attempts)
      await keep.close()
    }
    return { ended, says, close }
  } catch (error) {
    await keep.close()
    throw error
  }
}
