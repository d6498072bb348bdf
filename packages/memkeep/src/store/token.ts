import { hash } from 'node:crypto'
import { uuidBytes } from '../core/ids.ts'

/** Whom a token reaches. The codes stand in the token and in the ledger. */
export const reachCodes = Object.freeze({ common: 0, subject: 1, all: 2 })

export type Reach = keyof typeof reachCodes

/** How many memories a principal may be shown, at most 2^20 - 1, and in how many minutes, at most 2^11 - 1. */
export interface Budget {
  readonly memories: number
  readonly minutes: number
}

/** What a scope token states of its caller; the same for every call made under one access. Tags are 16 bytes. */
export interface Claims {
  readonly tenant: Buffer
  readonly reach: Reach
  /** The shelf reached: the subject's tag, or sixteen zero bytes for the common shelf and for every subject. */
  readonly shelf: Buffer
  readonly tenantEpoch: number
  /** The epoch that a write is sealed under; 0 for a read. */
  readonly shelfEpoch: number
  /** Of a read that discloses memories: what its principal may be shown in a time. It stands in the epoch's place. */
  readonly budget?: Budget
  /** Bit n set: may read sensitivity n. */
  readonly clearance: number
  /** Bit n set: may write sensitivity n. */
  readonly writable: number
  /** Bit n set: may claim actor n. */
  readonly actors: number
  readonly rights: number
  readonly principal: Buffer
  readonly policyVersion: number
}

/** What a token states of the one call it is for. */
export interface Call {
  readonly doorway: string
  /** Primary key of the audit row that the call writes: one token commits at most once. */
  readonly event: string
  /** The kernel's time, which becomes the time of the rows and of the event. */
  readonly atMs: number
  /** The commit does not wait for the disk. The database refuses it of any doorway but those of `relaxableDoorways`. */
  readonly relaxed?: boolean
}

/** Doorways that change nothing but the ledger, and answer with no more than one call's reads. Also in 03-open-token.sql. */
export const relaxableDoorways: ReadonlySet<string> = new Set([
  'recall',
  'wide_recall',
  'read',
  'wide_read',
  'load',
  'wide_load',
  'load_shelves',
  'list_shelves',
])

export interface TokenKey {
  readonly id: number
  /** 32 bytes. */
  readonly key: Buffer
}

/** A token lives 30 s; the doorways refuse one that would live longer than 60 s. The difference is room for clocks. */
export const tokenLifetimeMs = 30_000

/** Token keys are good for one window of an hour, and for ten minutes to either side of it. */
export const tokenWindowMs = 3_600_000
const windowMarginMs = 600_000

export function tokenWindow(nowMs: number): number {
  return Math.floor(nowMs / tokenWindowMs)
}

export function tokenWindowBounds(window: number): { fromMs: number; untilMs: number } {
  return { fromMs: window * tokenWindowMs - windowMarginMs, untilMs: (window + 1) * tokenWindowMs + windowMarginMs }
}

const hashBytes = 32
const blockBytes = 64

/** Beside the actors, which take the low bits. */
const relaxedBit = 0x80

/** `payload || HMAC-SHA-256(key, payload)`. The layout is the one that `guards/03-open-token.sql` reads. */
export function mintToken(key: TokenKey, claims: Claims, call: Call, wallClockMs = Date.now()): Buffer {
  const size = 105 + Buffer.byteLength(call.doorway, 'utf8')
  const token = Buffer.allocUnsafe(size + hashBytes)
  token[0] = 1
  token.writeInt32BE(key.id, 1)
  claims.tenant.copy(token, 5)
  token[21] = reachCodes[claims.reach]
  claims.shelf.copy(token, 22)
  token.writeInt32BE(claims.tenantEpoch, 38)
  token.writeInt32BE(claims.budget === undefined ? claims.shelfEpoch : budgetCode(claims.budget), 42)
  token[46] = claims.clearance
  token[47] = claims.writable
  token.writeInt32BE(claims.rights, 48)
  claims.principal.copy(token, 52)
  uuidBytes(call.event).copy(token, 68)
  token.writeBigInt64BE(BigInt(call.atMs), 84)
  token.writeBigInt64BE(BigInt(wallClockMs + tokenLifetimeMs), 92)
  token.writeInt32BE(claims.policyVersion, 100)
  token[104] = claims.actors | (call.relaxed ? relaxedBit : 0)
  token.write(call.doorway, 105, 'utf8')
  hmac(key.key, token.subarray(0, size)).copy(token, size)
  return token
}

/** As guards/12-disclose.sql reads it. */
function budgetCode({ memories, minutes }: Budget): number {
  return minutes * 2 ** 20 + memories
}

/** HMAC-SHA-256 by the pads and two one-shot hashes, without the making of an Hmac object. Leaves no pad behind. */
function hmac(key: Buffer, message: Buffer): Buffer {
  const { ipad, opad } = hmacPads(key)
  const inner = Buffer.concat([ipad, message])
  const outer = Buffer.concat([opad, hash('sha256', inner, 'buffer')])
  const code = hash('sha256', outer, 'buffer')
  for (const bytes of [ipad, opad, inner, outer]) bytes.fill(0, 0, blockBytes)
  return code
}

/** The two pads of HMAC-SHA-256 (RFC 2104) for a 32-byte key: what the database verifies with, without an extension. */
export function hmacPads(key: Buffer): { ipad: Buffer; opad: Buffer } {
  const ipad = Buffer.alloc(blockBytes, 0x36)
  const opad = Buffer.alloc(blockBytes, 0x5c)
  for (let index = 0; index < key.length; index++) {
    ipad[index]! ^= key[index]!
    opad[index]! ^= key[index]!
  }
  return { ipad, opad }
}
