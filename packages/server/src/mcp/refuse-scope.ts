import type { ServerContext } from '@modelcontextprotocol/server'
import { MemkeepError } from 'memkeep'
import { mentionsScope } from '../operations/smuggles.ts'

/** A call's `_meta` is the protocol's; one that speaks of a scope is refused, not ignored. */
export function refuseScope({ mcpReq }: ServerContext): void {
  if (mentionsScope(mcpReq._meta) || mentionsScope(mcpReq.envelope)) {
    throw new MemkeepError(
      'ERR_INPUT_INVALID',
      'the credential binds the scope: a call names no tenant, subject or scope',
    )
  }
}
