import type { ScopeClaims } from '../../core/scope.ts'
import { type Access, callRead, withAccess } from '../access.ts'
import type { Kernel } from '../kernel.ts'
import { expectOutcome } from '../outcome.ts'

/** The signed head of a tenant's log. */
export interface LedgerHead {
  /** The log's name. */
  readonly origin: string
  /** Its public key, as note tools take it: publish it where auditors find it. */
  readonly key: string
  /** Events in the log. */
  readonly size: number
  readonly signedAt: Date
  /** The signed note (C2SP tlog-checkpoint). */
  readonly checkpoint: string
}

/** A row that doorway `read_head` brings. */
export interface HeadRow {
  readonly outcome: string | null
  readonly line: number
  readonly size: number
  readonly min_index: number
  readonly signed_ms: number
  readonly note: string
  readonly vkey: string
  /** Of the newest head that the deployment's log committed to; null when there is none yet. */
  readonly anchor_size: number | null
  readonly anchor_vkey: string
  readonly anchor_proof: string
  readonly anchor_head: string
}

export async function readHead(kernel: Kernel, scope: ScopeClaims): Promise<LedgerHead | null> {
  const row = await withAccess(kernel, scope, async (access) => newestHead(kernel, access))
  if (row === null) return null
  const { size, signed_ms, note: checkpoint, vkey: key } = row
  return { origin: key.slice(0, key.indexOf('+')), key, size, signedAt: new Date(signed_ms), checkpoint }
}

/** The head of the log that the tenant's events go to now; null when it is empty. */
export async function newestHead(kernel: Kernel, access: Access): Promise<HeadRow | null> {
  const rows = await callRead<HeadRow>(kernel, access, 'read_head', [])
  expectOutcome(rows.find((row) => row.outcome !== null)?.outcome, 'ok')
  const [head] = rows.filter((row) => row.outcome === null)
  return head === undefined || head.size === 0 ? null : head
}
