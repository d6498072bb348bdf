import type { RebuildJob, RebuildSource } from '../../artifacts/rebuilder.ts'
import { pauseAfter } from '../../artifacts/retries.ts'
import { detailContext, encodeDetail, frameDetail } from '../../audit/detail.ts'
import { MemkeepError } from '../../core/errors.ts'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../../core/labels.ts'
import { rightBits } from '../../core/rights.ts'
import { checkText } from '../../core/text.ts'
import type { TenantKeys } from '../../keys/tenant-keys.ts'
import { parts, type ReadingRow } from '../../store/reading.ts'
import type { Claims } from '../../store/token.ts'
import type { Kernel } from '../kernel.ts'
import { RowOpener } from '../row.ts'
import { type ArtifactRow, openArtifact, sealArtifact, sealTag } from './artifact-row.ts'

/** A hidden artifact, taken to be rebuilt. */
export interface HiddenArtifact {
  readonly subject: Buffer
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly attempts: number
  readonly epoch: number
  readonly sensitivity: number
  readonly created_ms: number
  readonly derived_from: string[]
}

/** What rebuilding works with. */
export type RebuildKernel = Pick<Kernel, 'doorways' | 'limits' | 'rebuilders' | 'seams'>

/** How it ended. `changed`: something else of it has gone meanwhile, or another process was faster. */
export type RebuildEnd = 'rebuilt' | 'dropped' | 'failed' | 'dead' | 'changed'

interface Settled {
  readonly state: 0 | 1 | 2 | 3
  readonly labels?: { readonly sensitivity: Sensitivity; readonly trust: Trust }
  readonly content?: string
  readonly dueMs?: number
  readonly failure?: string
}

/** The longest that a rebuilder may take. */
const rebuildMs = 300_000

const ends = ['rebuilt', 'failed', 'dead', 'dropped'] as const

/**
 * Makes one hidden artifact anew from what is left of its sources. No transaction is open while the rebuilder works; what it made is
 * stored only if nothing of its sources has gone meanwhile. A failure of it is noted and never thrown; throws when the database cannot be reached.
 */
export async function rebuild(kernel: RebuildKernel, keys: TenantKeys, hidden: HiddenArtifact): Promise<RebuildEnd> {
  const settled = await tryOnce(kernel, keys, hidden)
  if (settled === null) return 'changed'
  kernel.seams.reach('artifact.rebuilt')
  return (await settle(kernel, keys, hidden, settled)) === 'ok' ? ends[settled.state] : 'changed'
}

/** Null when there is nothing to do any more. */
async function tryOnce(kernel: RebuildKernel, keys: TenantKeys, hidden: HiddenArtifact): Promise<Settled | null> {
  const { id, kind, subject, attempts: attempt } = hidden
  try {
    const sources = await readSources(kernel, keys, hidden)
    if (sources === null) return null
    if (sources.length === 0) return { state: 3 }
    const job: RebuildJob = { id, kind, shared: subject.equals(keys.commonTag), sources, attempt }
    const made = await within(rebuildMs, (signal) => kernel.rebuilders![kind]!(job, signal))
    if (made === null) return { state: 3 }
    const content = checkText(made, 'what a rebuilder made', kernel.limits.contentBytes)
    return { state: 0, content, labels: labelsOf(hidden, sources) }
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_STORE_UNAVAILABLE') throw error
    const failure = failureOf(error)
    const pauseMs = pauseAfter(attempt)
    return pauseMs === null ? { state: 2, failure } : { state: 1, failure, dueMs: kernel.seams.clock.now() + pauseMs }
  }
}

async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
  return Promise.race([work(signal), late])
}

/** A code or a name: never the words of an error, which may quote a memory. */
function failureOf(error: unknown): string {
  if (error instanceof MemkeepError) return error.code
  return error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'unexpected'
}

function labelsOf(hidden: HiddenArtifact, sources: readonly RebuildSource[]) {
  const sensitivity = Math.max(
    hidden.sensitivity,
    ...sources.map((source) => sensitivities.indexOf(source.sensitivity)),
  )
  const trust = Math.min(trusts.indexOf('agent'), ...sources.map((source) => trusts.indexOf(source.trust)))
  return { sensitivity: sensitivities[sensitivity]!, trust: trusts[trust]! }
}

/** Null when it is hidden no more, or at another version. Oldest first. */
async function readSources(
  kernel: RebuildKernel,
  keys: TenantKeys,
  hidden: HiddenArtifact,
): Promise<RebuildSource[] | null> {
  const claims = rebuildClaims(keys, hidden)
  const rows = await call<ReadingRow>(kernel, keys, claims, 'rebuild_sources', [
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
    const artifact = await openArtifact(keys, claims, artifactRow(row))
    const { id, kind, trust, sensitivity, updatedAt: at } = artifact
    sources.push({ id, kind, content: artifact.content!, trust, sensitivity, at })
  }
  return sources.sort((a, b) => a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : 1))
}

function artifactRow(row: ReadingRow): ArtifactRow {
  const { entry: seal, ...rest } = row
  return { ...rest, seal, place: 0, state: 0, attempts: 0, failure: null }
}

async function settle(
  kernel: RebuildKernel,
  keys: TenantKeys,
  hidden: HiddenArtifact,
  settled: Settled,
): Promise<string> {
  const { id, subject, kind, created_ms: createdMs, derived_from: derivedFrom } = hidden
  const { state, labels, content, dueMs = null, failure = null } = settled
  const version = hidden.version + 1
  let sealed: readonly unknown[] = [0, 0, null, 0, Buffer.alloc(0), Buffer.alloc(0)]
  if (labels !== undefined) {
    const seal = subject.equals(keys.commonTag) ? sealTag(keys, id, version) : null
    const key = await keys.forWriting(seal ?? subject)
    const stated = { id, version, kind, place: 0, ...labels, createdMs, expiresMs: null, derivedFrom }
    const bytes = sealArtifact(key, stated, subject, { content: content!, metadata: {} })
    const codes = [sensitivities.indexOf(labels.sensitivity), trusts.indexOf(labels.trust)]
    sealed = [...codes, seal, key.epoch, bytes.content, bytes.details]
  }
  const args = [subject, id, hidden.version, state, ...sealed, dueMs, failure]
  const [row] = await call<{ outcome: string }>(kernel, keys, rebuildClaims(keys, hidden), 'settle_rebuild', args)
  return row!.outcome
}

async function call<Row extends object>(
  kernel: RebuildKernel,
  keys: TenantKeys,
  claims: Claims,
  doorway: string,
  args: readonly unknown[],
): Promise<Row[]> {
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const key = await keys.own()
  const detail = key.seal('audit', encodeDetail({ principal: 'memkeep upkeep', roles: [] }), detailContext(event))
  return kernel.doorways.read<Row>({
    doorway,
    claims,
    event,
    atMs,
    args: [...args, frameDetail('tenant', key.epoch, detail)],
  })
}

/** Reads the whole tenant, as the sources of a shared artifact may be anybody's; writes what was hidden and nothing else. */
function rebuildClaims(keys: TenantKeys, { epoch }: HiddenArtifact): Claims {
  return {
    tenant: keys.tag,
    reach: 'all',
    shelf: keys.commonTag,
    tenantEpoch: epoch,
    shelfEpoch: 0,
    clearance: 0b111,
    writable: 0b111,
    actors: 0,
    rights: rightBits.upkeep | rightBits.read | rightBits.tenant,
    principal: keys.principalTag('memkeep upkeep'),
    policyVersion: 0,
  }
}
