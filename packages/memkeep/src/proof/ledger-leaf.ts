import { readCanonical } from './canonical-json.ts'
import { isIndex, isTime } from './decimal.ts'
import { proofInvalid } from './proof-invalid.ts'
import { utf8 } from './utf8.ts'

/**
 * One event as it stands in a tenant's log for ever: nothing personal but the principal's tag. Written as one line of JSON in
 * ASCII, its fields in this order and without spaces, so that there is one byte string for a leaf, at most 600 bytes long, and
 * `jq` can read it.
 */
export interface LedgerLeaf {
  readonly v: 1
  /** Its index in the log, from 0. */
  readonly seq: number
  /** Milliseconds since 1970, by the clock of the process that acted. */
  readonly at: number
  /** What was done: `read`, `erasure.verified`. */
  readonly op: string
  /** In what capacity: `agent`, `operator`, `upkeep`. */
  readonly actorClass: string
  /** 16 bytes in hex: a keyed tag of who asked. */
  readonly principalTag: string
  /**
   * What it was done to: a kind alone (`tenant`), one of a kind by its id or tag (`memory:<uuid>`), or a number of them
   * (`memories#3`). Never a raw id of a subject.
   */
  readonly resource: string
  /** How it ended: `ok`, `denied`. */
  readonly outcome: string
  /** 32 bytes in hex: what `commitment` made of the sealed details. */
  readonly commit: string
}

/**
 * The outcome of an event that nobody with a key wrote: a row of whoever owns the database, which says another. It is logged, as what was
 * signed is never taken back.
 */
export const unsealed = 'unsealed'

const word = /^[a-z][a-z0-9_.-]{0,63}$/
const forms = {
  op: word,
  actorClass: word,
  principalTag: /^[0-9a-f]{32}$/,
  resource: /^[a-z][a-z0-9_.-]{0,63}([:#][0-9a-z-]{1,128})?$/,
  outcome: word,
  commit: /^[0-9a-f]{64}$/,
} as const
const checkedFields = Object.entries(forms) as [keyof typeof forms, RegExp][]

/** The entry of the log. Throws `ERR_PROOF_INVALID` for a field out of its form: nothing undecodable is ever logged. */
export function encodeLeaf(leaf: LedgerLeaf): Uint8Array {
  return utf8(write(checked(leaf)))
}

/** Throws `ERR_PROOF_INVALID` for any bytes that `encodeLeaf` does not give. */
export function decodeLeaf(entry: Uint8Array): LedgerLeaf {
  return readCanonical(entry, (value) => checked(value as Partial<LedgerLeaf>), write)
}

function checked(leaf: Partial<LedgerLeaf>): LedgerLeaf {
  if (leaf.v !== 1) throw proofInvalid('a leaf of an unknown version')
  if (!isIndex(leaf.seq) || !isTime(leaf.at)) throw proofInvalid('a leaf without a whole seq and at')
  for (const [field, form] of checkedFields) {
    const value = leaf[field]
    if (typeof value !== 'string' || !form.test(value)) throw proofInvalid(`a leaf whose ${field} has not its form`)
  }
  return leaf as LedgerLeaf
}

function write({ v, seq, at, op, actorClass, principalTag, resource, outcome, commit }: LedgerLeaf): string {
  return JSON.stringify({ v, seq, at, op, actorClass, principalTag, resource, outcome, commit })
}
