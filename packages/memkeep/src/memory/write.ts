import { MemkeepError } from '../core/errors.ts'
import { type Trust, trusts } from '../core/labels.ts'
import type { DataKey } from '../keys/data-key.ts'
import { sealSubjectName } from '../keys/subject-name.ts'
import type { Claims } from '../store/token.ts'
import type { Access } from './access.ts'
import type { Kernel } from './kernel.ts'
import { Outdated } from './outcome.ts'
import { sealedOnce } from './sealed-once.ts'

/** How a write ended. `shelfVersion` is null when the answer was lost and the outcome was asked for afterwards. */
export interface WriteAnswer {
  readonly outcome: string
  readonly shelfVersion: number | null
  readonly ids: readonly string[]
  readonly receipt: Buffer | null
  /** Versions of the memories named by `ids`, where the doorway says so. */
  readonly versions: readonly number[] | null
  /** What the memories written are trusted, in their order; null where the doorway does not say. */
  readonly trusts: readonly Trust[] | null
  /** Ids of versions that somebody has reviewed, where the doorway says so. */
  readonly reviewed: readonly string[]
  /** How many memories that came from what was written are trusted less than before. */
  readonly lowered: number
}

interface WriteRow {
  readonly outcome: string
  readonly shelf_version: number | null
  readonly ids?: string[]
  readonly versions?: (number | null)[] | null
  readonly receipt?: Buffer | null
  readonly trusts?: number[] | null
  readonly trust?: number | null
  readonly lowered?: number
  readonly reviewed?: string[]
}

/** The claims of a write: those of the access, with the epoch of the key it seals under (0 when the subject has none yet). */
export function writeClaims(access: Access, key: DataKey | null): Claims {
  return { ...access.claims, shelfEpoch: key?.epoch ?? 0 }
}

/**
 * One write through a doorway. If the connection dies and the call turns out to have committed, the outcome is read from
 * the ledger: a write is never repeated, and never said to have failed when it was done.
 */
export async function callWrite(
  kernel: Kernel,
  access: Access,
  key: DataKey | null,
  call: { readonly doorway: string; readonly event: string; readonly atMs: number; readonly args: readonly unknown[] },
): Promise<WriteAnswer> {
  const claims = writeClaims(access, key)
  const rows = await kernel.doorways.call<WriteRow>({ ...call, claims })
  const answer = rows === 'committed' ? await settle(kernel, claims, call.event) : rows[0]!
  if (answer.outcome === 'epoch') access.keys.forget(access.shelf)
  return {
    outcome: answer.outcome,
    shelfVersion: answer.shelf_version,
    ids: answer.ids ?? [],
    receipt: answer.receipt ?? null,
    versions: (answer.versions as number[] | null | undefined) ?? null,
    trusts: trustsOf(answer),
    lowered: answer.lowered ?? 0,
    reviewed: answer.reviewed ?? [],
  }
}

function trustsOf({ trusts: many, trust }: WriteRow): Trust[] | null {
  const codes = many ?? (trust == null ? null : [trust])
  return codes === null ? null : codes.map((code) => trusts[code]!)
}

/** How a call ended whose answer was lost, after it turned out to have committed. */
export async function settle(kernel: Kernel, claims: Claims, event: string): Promise<WriteRow> {
  const [row] = await kernel.doorways.read<{ outcome: string | null; ids: string[] | null; trusts: number[] | null }>({
    doorway: 'settle',
    claims,
    event,
    args: [],
  })
  if (row?.outcome == null) throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the answer was lost', { retryable: true })
  // What was replayed then can be replayed again: the receipt comes with the repetition.
  if (row.outcome === 'replayed') throw new Outdated('policy')
  return { outcome: row.outcome, shelf_version: null, ids: row.ids ?? [], trusts: row.trusts }
}

/**
 * The sealed name of the subject, kept with its shelf so that a tenant-wide answer can say whom a memory is about. Sealed
 * once for as long as the tenant's key is held: only the write that makes the shelf uses it, and none knows whether it does.
 */
export async function sealedSubjectName(access: Access): Promise<Buffer | null> {
  const { subject } = access.scope
  if (subject === null) return null
  const key = await access.keys.own()
  return sealedOnce(key, `name/${subject}`, () => sealSubjectName(key, access.shelf, subject))
}
