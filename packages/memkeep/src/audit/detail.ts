import type { Principal } from '../core/principal.ts'
import type { Pruning } from '../proof/prune-event.ts'
import type { Doer } from './actor-class.ts'
import type { AuditOptions } from './audit-options.ts'

/**
 * What an audit event says beyond its row: who asked and with which settings. Never content, never a query's text, never a
 * subject's id.
 */
export interface EventDetail {
  readonly principal: string
  readonly roles: readonly string[]
  /** Who did it, where that was no principal of the tenant. */
  readonly by?: Doer
  readonly agent?: string
  readonly session?: string
  /** The subject's key was made for this call: its making is recorded by the event that needed it. */
  readonly keyMade?: true
  /** Why, as the holder of a grant stated it. */
  readonly reason?: string
  /** The support access that it was done under. */
  readonly support?: string
  /** SHA-256 of the attestation that an erasure ended with, in hex. */
  readonly attestation?: string
  /** The deployment policy that a process began to serve under. */
  readonly policy?: unknown
  /** True when it was told to serve from a server that lacks the newest security fixes. */
  readonly acceptsOldServer?: boolean
  /** Whether its reads wait for the disk, or a crash may lose the last of their events. */
  readonly reads?: AuditOptions['reads']
  /** Seconds within which its upkeep, where it runs any, gives an event its place in the log. */
  readonly mergeDelaySeconds?: number
  /** After how many days it puts reads into the cold tier; null: they stay. */
  readonly keepReadsDays?: number | null
  /** The witness that it asked whether the database was set back; null: none. */
  readonly witness?: string | null
  /** The keys of all scope tokens were replaced. */
  readonly tokenKeysReplaced?: true
  /** How far a log's reads were pruned, and which of the leaves since the last pruning stay. */
  readonly pruned?: Pruning
  /** The head that a witness saw of a log which the database does not have any more: its name, size and root (base64). */
  readonly givenUp?: { readonly origin: string; readonly size: number; readonly root: string }
}

export function eventDetail(
  principal: Required<Principal>,
  more: Omit<EventDetail, 'principal' | 'roles'> = {},
): EventDetail {
  return { principal: principal.id, roles: principal.roles, ...more }
}

/** What upkeep does, and what the steps of an erasure do: nobody asks for it then. */
export const byUpkeep = Object.freeze({ principal: 'memkeep upkeep', roles: [], by: 'upkeep' } as const)
export const byErasure = Object.freeze({ principal: 'memkeep erasure', roles: [], by: 'kernel' } as const)

export function encodeDetail(detail: EventDetail): Buffer {
  return Buffer.from(JSON.stringify(detail), 'utf8')
}

/** Binds a sealed detail to its event: moved to another event, it does not open. */
export function detailContext(event: string): string[] {
  return ['event', event, 'detail']
}

/**
 * Under whose key a detail is sealed: the tenant's own; the subject's, so that it goes with the subject; or the deployment's,
 * for what is done to a tenant whose keys are going.
 */
export type DetailKey = 'tenant' | 'subject' | 'deployment'

const detailKeys: readonly DetailKey[] = ['tenant', 'subject', 'deployment']

/** The sealed detail as it stands in the row: whose key (1 byte), the key's epoch (u32), the sealed record. */
export function frameDetail(under: DetailKey, epoch: number, sealed: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + sealed.length)
  frame[0] = detailKeys.indexOf(under)
  frame.writeUInt32BE(epoch, 1)
  frame.set(sealed, 5)
  return frame
}

/** The parts of a framed detail, nothing of it authenticated. Whatever is no frame is one that opens under no key. */
export function readFrame(frame: Uint8Array): {
  readonly under: number | null
  readonly epoch: number
  readonly version: number
  readonly sealed: Uint8Array
} {
  if (frame.length < 10) return { under: null, epoch: 0, version: 0, sealed: frame }
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length)
  const epoch = bytes.readUInt32BE(1)
  // A sealed record names the version of its key after its first byte.
  return { under: bytes[0]!, epoch, version: bytes.readUInt32BE(6), sealed: bytes.subarray(5) }
}
