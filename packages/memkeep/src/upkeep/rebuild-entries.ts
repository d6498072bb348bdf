import type { RebuildEnd } from '../artifacts/due-rebuild.ts'
import type { Rebuilders, RebuildSource } from '../artifacts/rebuilder.ts'
import { inOrder, rebuildEnds, settleTry, type Tried, tryRebuild } from '../artifacts/try-rebuild.ts'
import { MemkeepError } from '../core/errors.ts'
import { sensitivities, trusts } from '../core/labels.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import { sealLibraryEntry } from '../keys/library-key.ts'
import { underOwnKey } from '../keys/own-key.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Doorways } from '../store/doorways.ts'
import { atOnce, leaseMs } from './due-rebuilds.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

/** Who rebuilds the library of the deployment, and how one tenant's part in an entry is read: under its keys, and into its ledger. */
export interface EntryRebuilding {
  readonly rebuilders: Rebuilders
  /** Null when the tenant is barred. */
  readonly sourcesOf: (keys: TenantKeys, entry: string) => Promise<RebuildSource[] | null>
  readonly contentBytes: number
}

interface DueEntry {
  readonly outcome: string | null
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly attempts: number
  readonly sensitivity: number
  readonly tenants: Buffer[]
}

export interface EntryCaller {
  /** Of upkeep's login. */
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
}

/** Hidden entries of the library whose time has come, made anew until none is due. A failure of one keeps no other. Returns how many ended. */
export async function rebuildEntries(
  caller: EntryCaller,
  rebuilding: EntryRebuilding,
  failures: unknown[],
): Promise<number> {
  let rebuilt = 0
  for (;;) {
    const rows = await call<DueEntry>(caller, 'due_entries', [Object.keys(rebuilding.rebuilders), leaseMs, atOnce])
    const due = rows.filter((row) => row.outcome === null)
    if (due.length === 0) return rebuilt
    for (const entry of due) {
      try {
        const ended = await rebuildEntry(caller, rebuilding, entry)
        if (ended === 'rebuilt' || ended === 'dropped') rebuilt++
      } catch (error) {
        failures.push(error)
      }
    }
  }
}

async function rebuildEntry(caller: EntryCaller, rebuilding: EntryRebuilding, due: DueEntry): Promise<RebuildEnd> {
  const tried = await tryRebuild({
    hidden: due,
    rebuilder: rebuilding.rebuilders[due.kind]!,
    shared: true,
    sources: () => sourcesOf(caller, rebuilding, due),
    contentBytes: rebuilding.contentBytes,
    nowMs: () => caller.seams.clock.now(),
  })
  if (tried === null) return 'changed'
  caller.seams.reach('artifact.rebuilt')
  const put = (each: Tried) => settle(caller, due, each)
  const settled = await settleTry(due, () => caller.seams.clock.now(), tried, put)
  return settled.answer === 'ok' ? rebuildEnds[settled.tried.state]! : 'changed'
}

/** Of every tenant that contributed; null when one of them is gone: then the entry is no longer what was taken. */
async function sourcesOf(
  { keyring }: EntryCaller,
  { sourcesOf }: EntryRebuilding,
  { id, tenants }: DueEntry,
): Promise<RebuildSource[] | null> {
  const all: RebuildSource[] = []
  for (const tenant of tenants) {
    const keys = await keyring.tenantByTag(tenant).catch((error: unknown) => {
      if (error instanceof MemkeepError && error.code === 'ERR_SCOPE_BARRED') return null
      throw error
    })
    const found = keys === null ? null : await sourcesOf(keys, id)
    if (found === null) return null
    all.push(...found)
  }
  return inOrder(all)
}

async function settle(caller: EntryCaller, due: DueEntry, tried: Tried): Promise<string> {
  const { id, kind, version } = due
  const { state, labels, content, dueMs = null, failure = null } = tried
  const put = async (sealed: readonly unknown[]): Promise<string> => {
    const args = [id, version, state, ...sealed, dueMs, failure]
    return (await call<{ outcome: string }>(caller, 'settle_entry', args))[0]!.outcome
  }
  if (labels === undefined) return put([0, 0, Buffer.alloc(0), 0, Buffer.alloc(0)])
  return underOwnKey(await caller.keyring.deployment(), caller.seams, async ({ seal, key }) => {
    const codes = [sensitivities.indexOf(labels.sensitivity), trusts.indexOf(labels.trust)]
    const bytes = sealLibraryEntry(key, { id, version: version + 1, kind, ...labels }, content!)
    const answer = await put([...codes, seal, key.epoch, bytes])
    return { stored: answer === 'ok', answer }
  })
}

async function call<Row extends object>(
  { doorways, keyring, seams }: EntryCaller,
  doorway: string,
  args: readonly unknown[],
): Promise<Row[]> {
  const keys = await keyring.deployment()
  const event = seams.ids.uuid(seams.clock.now())
  const claims = upkeepClaims(keys, keys.commonTag, 0, keys.epoch)
  return doorways.read<Row>({ doorway, claims, event, args: [...args, await upkeepDetail(keys, event)] })
}
