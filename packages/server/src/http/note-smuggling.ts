import { MemkeepError } from 'memkeep'
import type { Reach } from '../operations/operation.ts'
import type { ServerMetrics } from './server-metrics.ts'

/** Counts an attempt to name a scope, and has it stand in the tenant's ledger. A tenant that there is not has none, and is not told by that. */
export async function noteSmuggling(reach: Reach, metrics: ServerMetrics): Promise<void> {
  metrics.noteSmuggling()
  await reach.writes.noteSmuggling().catch((error: unknown) => {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_TENANT_UNKNOWN') throw error
  })
}
