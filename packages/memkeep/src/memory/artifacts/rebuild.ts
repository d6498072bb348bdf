import type { DueRebuild, RebuildEnd } from '../../artifacts/due-rebuild.ts'
import type { RebuildSource } from '../../artifacts/rebuilder.ts'
import { inOrder, rebuildEnds, settleTry, type Tried, tryRebuild } from '../../artifacts/try-rebuild.ts'
import { MemkeepError } from '../../core/errors.ts'
import { sensitivities, trusts } from '../../core/labels.ts'
import type { DataKey } from '../../keys/data-key.ts'
import { underOwnKey } from '../../keys/own-key.ts'
import type { TenantKeys } from '../../keys/tenant-keys.ts'
import { keyGone } from '../../keys/wrapped-keys.ts'
import { parts, type ReadingRow } from '../../store/reading.ts'
import { callAsUpkeep, upkeepReach } from '../as-upkeep.ts'
import type { Kernel } from '../kernel.ts'
import { RowOpener } from '../row.ts'
import { type ArtifactRow, openArtifact, sealArtifact } from './artifact-row.ts'
import { hideLost, keyLost, type LostVersion } from './lost-keys.ts'

/** What rebuilding works with. */
export type RebuildKernel = Pick<Kernel, 'doorways' | 'limits' | 'rebuilders' | 'seams'>

/**
 * Makes one hidden artifact anew from what is left of its sources. No transaction is open while the rebuilder works; what it made is
 * stored only if nothing of its sources has gone meanwhile. A failure of it is noted and never thrown; throws when the database cannot be reached.
 */
export async function rebuild(kernel: RebuildKernel, keys: TenantKeys, hidden: DueRebuild): Promise<RebuildEnd> {
  const settled = await tryRebuild({
    hidden,
    rebuilder: kernel.rebuilders![hidden.kind]!,
    shared: hidden.subject.equals(keys.commonTag),
    sources: () => readSources(kernel, keys, hidden),
    contentBytes: kernel.limits.contentBytes,
    nowMs: () => kernel.seams.clock.now(),
  })
  if (settled === null) return 'changed'
  kernel.seams.reach('artifact.rebuilt')
  const put = (each: Tried) => settle(kernel, keys, hidden, each)
  const { tried, answer } = await settleTry(hidden, () => kernel.seams.clock.now(), settled, put)
  return answer === 'ok' ? rebuildEnds[tried.state]! : 'changed'
}

/** Null when it is hidden no more, or at another version. Oldest first. */
async function readSources(
  kernel: RebuildKernel,
  keys: TenantKeys,
  hidden: DueRebuild,
): Promise<RebuildSource[] | null> {
  const claims = upkeepReach(keys, hidden.epoch)
  const rows = await callAsUpkeep<ReadingRow>(kernel, keys, claims, 'rebuild_sources', [
    hidden.subject,
    hidden.id,
    hidden.version,
  ])
  const outcome = rows.find((row) => row.part === parts.outcome)?.outcome
  if (outcome === 'missing' || outcome === 'barred' || outcome === 'epoch') return null
  if (outcome !== 'ok')
    throw new MemkeepError('ERR_STORE_VERSION', 'the database answered what this version does not know')
  const memories = await new RowOpener(keys, claims).openMemories(
    rows.filter((row) => row.part === parts.memory),
    () => null,
  )
  const sources: RebuildSource[] = memories.map(({ id, kind, content, trust, sensitivity, at }) => {
    return { id, kind, content, trust, sensitivity, at }
  })
  for (const row of rows.filter((each) => each.part === parts.artifact)) {
    const source = artifactRow(row)
    const artifact = await openArtifact(keys, claims, source).catch(keyLost)
    if (artifact === null) {
      // It waits for that one, which is made anew first.
      await hideLost(kernel, keys, hidden.epoch, [source as LostVersion], kernel.rebuilders)
      throw keyGone()
    }
    const { id, kind, trust, sensitivity, updatedAt: at } = artifact
    sources.push({ id, kind, content: artifact.content!, trust, sensitivity, at })
  }
  return inOrder(sources)
}

function artifactRow(row: ReadingRow): ArtifactRow {
  const { entry: seal, ...rest } = row
  return { ...rest, seal, place: 0, state: 0, attempts: 0, failure: null }
}

async function settle(kernel: RebuildKernel, keys: TenantKeys, hidden: DueRebuild, tried: Tried): Promise<string> {
  const { id, subject, kind, created_ms: createdMs, derived_from: derivedFrom } = hidden
  const { state, labels, content, dueMs = null, failure = null } = tried
  const put = async (sealed: readonly unknown[]): Promise<string> => {
    const args = [subject, id, hidden.version, state, ...sealed, dueMs, failure]
    const claims = upkeepReach(keys, hidden.epoch)
    const [row] = await callAsUpkeep<{ outcome: string }>(kernel, keys, claims, 'settle_rebuild', args)
    return row!.outcome
  }
  if (labels === undefined) return put([0, 0, null, 0, Buffer.alloc(0), Buffer.alloc(0)])
  const putUnder = (seal: Buffer | null, key: DataKey): Promise<string> => {
    const stated = {
      id,
      version: hidden.version + 1,
      kind,
      place: 0,
      ...labels,
      createdMs,
      expiresMs: null,
      derivedFrom,
    }
    const bytes = sealArtifact(key, stated, subject, { content: content!, metadata: {} })
    const codes = [sensitivities.indexOf(labels.sensitivity), trusts.indexOf(labels.trust)]
    return put([...codes, seal, key.epoch, bytes.content, bytes.details])
  }
  if (!subject.equals(keys.commonTag)) return putUnder(null, await keys.forWriting(subject))
  return underOwnKey(keys, kernel.seams, async ({ seal, key }) => {
    const answer = await putUnder(seal, key)
    return { stored: answer === 'ok', answer }
  })
}
