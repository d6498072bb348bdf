import { MemkeepError } from '../core/errors.ts'
import { tokenRefusalOf } from '../core/refused-tokens.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { type Span, spanFailed } from '../core/tracer.ts'
import type { Kernel } from './kernel.ts'

/** Names of the GenAI semantic conventions for memory, and in their form where they have none. */
export type Operation =
  | 'create_memory'
  | 'search_memory'
  | 'get_memory'
  | 'list_memory'
  | 'list_memory_versions'
  | 'export_memory'
  | 'update_memory'
  | 'delete_memory'
  | 'endorse_memory'
  | 'explain_memory'
  | 'review_memory'
  | 'reembed_memory'
  | 'reseal_memory'
  | 'check_memory'
  | 'audit_memory'
  | 'mint_key'
  | 'refuse_scope'
  | 'search_library'
  | 'get_cache'
  | 'set_cache'
  | 'delete_cache'
  | 'create_artifact'
  | 'list_artifact'
  | 'get_artifact'
  | 'update_artifact'
  | 'delete_artifact'

/**
 * One call on a scope's memory: a closing keep waits for it, and it is a span when the keep was given a tracer. The span
 * carries the tenant's tag, never an id, a query or content. Throws `ERR_CLOSED`, and what `run` throws.
 */
export function callMemory<T>(
  kernel: Kernel,
  scope: ScopeClaims,
  operation: Operation,
  run: () => Promise<T>,
): Promise<T> {
  const { tracer } = kernel
  if (tracer === null) return kernel.run(run)
  const attributes = { 'gen_ai.operation.name': operation, 'gen_ai.provider.name': 'memkeep' }
  return kernel.run(() =>
    tracer.startActiveSpan(operation, { attributes }, async (span: Span) => {
      try {
        const tag = await kernel.keyring.tenantTag(scope.tenant)
        span.setAttribute('memkeep.tenant.tag', tag.toString('hex'))
        return await run()
      } catch (error) {
        span.setAttribute('error.type', error instanceof MemkeepError ? error.code : 'unexpected')
        const refusal = error instanceof MemkeepError ? tokenRefusalOf(error.cause) : null
        if (refusal !== null) span.setAttribute('memkeep.token.refusal', refusal)
        span.setStatus({ code: spanFailed })
        throw error
      } finally {
        span.end()
      }
    }),
  )
}
