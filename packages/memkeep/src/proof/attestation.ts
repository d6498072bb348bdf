import { isIndex } from './decimal.ts'
import { fromHex } from './hex.ts'
import { proofInvalid } from './proof-invalid.ts'

/** The in-toto predicate type of an erasure's attestation. */
export const erasurePredicate = 'urn:memkeep:erasure/v1'

/** What the statement is about: the erasure, by the commitment to its scope. */
export function attestedName(id: string): string {
  return `erasure/${id}`
}

/** What an attestation of an erasure says. Times are ISO 8601 in UTC, digests and tags hex. */
export interface ErasurePredicate {
  readonly verifier: { readonly id: string }
  readonly id: string
  readonly kind: 'subject' | 'tenant'
  readonly reason: string
  readonly scopeCommit: string
  /** In what capacity: `principal` of the tenant, `operator`, `guard`. */
  readonly requestedBy: string
  /** Tag of the principal. */
  readonly authorisedBy: string
  readonly requestedAt: string
  readonly barrierAt: string
  readonly deletedAt: string
  readonly planDigest: string
  readonly stores: readonly { readonly name: string; readonly deleted: number; readonly remaining: number }[]
  readonly derived: readonly { readonly id: string; readonly action: string }[]
  readonly keysDestroyed: number
  readonly verification: Readonly<Record<string, unknown>>
  readonly residue: readonly {
    readonly what: string
    readonly rows: number | null
    readonly why: string
    readonly until: string | null
  }[]
  readonly notCovered: readonly { readonly what: string; readonly until: string | null }[]
  /** The `erasure.verified` leaf in the tenant's log: `proof` is a C2SP tlog-proof, with the leaf in its extra line. */
  readonly log: { readonly origin: string; readonly key: string; readonly index: number; readonly proof: string }
}

type Unread = Readonly<Record<string, unknown>>

/** A predicate whose every field has its form. Throws `ERR_PROOF_INVALID` for any other, naming the field. */
export function readPredicate(value: Unread): ErasurePredicate {
  const predicate = value as unknown as ErasurePredicate
  if (typeof Object(value.verifier).id !== 'string') throw wrong('verifier')
  if (value.kind !== 'subject' && value.kind !== 'tenant') throw wrong('kind')
  for (const field of ['id', 'reason', 'requestedBy'] as const) if (typeof value[field] !== 'string') throw wrong(field)
  for (const field of ['scopeCommit', 'planDigest'] as const) isBytes(value[field], 32, field)
  isBytes(value.authorisedBy, 16, 'authorisedBy')
  const times = (['requestedAt', 'barrierAt', 'deletedAt'] as const).map((field) => timeOf(value[field], field))
  if (times[0]! > times[1]! || times[1]! > times[2]!) throw proofInvalid('its times are not in their order')
  for (const store of listOf(value.stores, 'stores')) {
    if (typeof store.name !== 'string' || !isIndex(store.deleted) || !isIndex(store.remaining)) throw wrong('stores')
    if (store.remaining !== 0) throw proofInvalid('it says that something is left')
  }
  for (const each of listOf(value.derived, 'derived')) {
    if (typeof each.id !== 'string' || typeof each.action !== 'string') throw wrong('derived')
  }
  if (!isIndex(value.keysDestroyed)) throw wrong('keysDestroyed')
  if (typeof value.verification !== 'object' || value.verification === null) throw wrong('verification')
  for (const each of listOf(value.residue, 'residue')) {
    const counted = each.rows === null || isIndex(each.rows)
    if (typeof each.what !== 'string' || typeof each.why !== 'string' || !counted) throw wrong('residue')
    untilOf(each.until, 'residue')
  }
  for (const each of listOf(value.notCovered, 'notCovered')) {
    if (typeof each.what !== 'string') throw wrong('notCovered')
    untilOf(each.until, 'notCovered')
  }
  const log = Object(value.log) as Unread
  const texts = [log.origin, log.key, log.proof].every((text) => typeof text === 'string')
  if (!texts || !isIndex(log.index)) throw wrong('log')
  return predicate
}

function listOf(value: unknown, field: string): Unread[] {
  if (!Array.isArray(value) || value.some((each) => typeof each !== 'object' || each === null)) throw wrong(field)
  return value as Unread[]
}

function isBytes(value: unknown, length: number, field: string): void {
  if (typeof value !== 'string' || fromHex(value).length !== length) throw wrong(field)
}

function timeOf(value: unknown, field: string): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== value) throw wrong(field)
  return ms
}

function untilOf(value: unknown, field: string): void {
  if (value !== null) timeOf(value, field)
}

function wrong(field: string): Error {
  return proofInvalid(`${field} has not its form`)
}
