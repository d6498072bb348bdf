import type { RebuildSource } from '../../artifacts/rebuilder.ts'
import { MemkeepError } from '../../core/errors.ts'
import type { TenantKeys } from '../../keys/tenant-keys.ts'
import { parts, type ReadingRow } from '../../store/reading.ts'
import { callAsUpkeep, upkeepReach } from '../as-upkeep.ts'
import type { Kernel } from '../kernel.ts'
import { RowOpener } from '../row.ts'

/**
 * The memories of one tenant that an entry of the deployment's library was learnt from, as far as they are still there; null when the tenant is
 * barred. Read under that tenant's keys and noted in its ledger.
 */
export async function readContributed(
  kernel: Pick<Kernel, 'doorways' | 'seams'>,
  keys: TenantKeys,
  entry: string,
): Promise<RebuildSource[] | null> {
  const claims = upkeepReach(keys, keys.epoch)
  const rows = await callAsUpkeep<ReadingRow>(kernel, keys, claims, 'contributed', [entry])
  const outcome = rows.find((row) => row.part === parts.outcome)?.outcome
  if (outcome === 'barred' || outcome === 'epoch' || outcome === 'unknown') return null
  if (outcome !== 'ok')
    throw new MemkeepError('ERR_STORE_VERSION', 'the database answered what this version does not know')
  const found = rows.filter((row) => row.part === parts.memory)
  const memories = await new RowOpener(keys, claims).openMemories(found, () => null)
  return memories.map(({ id, kind, content, trust, sensitivity, at }) => ({
    id,
    kind,
    content,
    trust,
    sensitivity,
    at,
  }))
}
