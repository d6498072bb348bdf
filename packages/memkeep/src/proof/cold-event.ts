import { fromBase64 } from './base64.ts'
import { isIndex } from './decimal.ts'
import { leafResource } from './leaf-resource.ts'
import { type LedgerLeaf, unsealed } from './ledger-leaf.ts'
import { proofInvalid } from './proof-invalid.ts'

/** A read event as its row stood in the database. Bytes in base64, tags in hex. */
export interface ColdEvent {
  readonly id: string
  readonly outcome: string
  readonly reach: number
  readonly subject: string | null
  readonly epoch: number
  readonly principal: string
  readonly at: number
  readonly recordedAt: string
  readonly memories: readonly string[]
  readonly affected: number
  /** Sealed. */
  readonly detail: string
  /** Whose key the leaf's commitment is under, as `log_entry` has it. */
  readonly under: number | null
  readonly keyEpoch: number | null
  readonly keyVersion: number | null
}

const textOf =
  (form: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && form.test(value)
const uuid = textOf(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const tag = textOf(/^[0-9a-f]{32}$/)
const orNull = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value)

/** In their order. */
const fields: { readonly [Field in keyof ColdEvent]: (value: unknown) => boolean } = {
  id: uuid,
  outcome: textOf(/^[a-z][a-z0-9_.-]{0,63}$/),
  reach: (value) => value === 0 || value === 1 || value === 2,
  subject: orNull(tag),
  epoch: isIndex,
  principal: tag,
  at: isIndex,
  recordedAt: textOf(/^\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  memories: (value) => Array.isArray(value) && value.every(uuid),
  affected: isIndex,
  detail: (value) => typeof value === 'string' && fromBase64(value).length >= 0,
  under: orNull(isIndex),
  keyEpoch: orNull(isIndex),
  keyVersion: orNull(isIndex),
}

/** Those fields and no other, each of its form. Throws `ERR_PROOF_INVALID`. */
export function checkColdEvent(value: object): ColdEvent {
  const found = Object.keys(value).join()
  if (found !== Object.keys(fields).join()) throw proofInvalid('an event with other fields')
  for (const [field, check] of Object.entries(fields)) {
    if (!check((value as Record<string, unknown>)[field]))
      throw proofInvalid(`an event whose ${field} has not its form`)
  }
  return value as ColdEvent
}

/**
 * Whether an event says what stands in its leaf in the clear; the rest is under the leaf's commitment. Of an event that nobody with a key
 * wrote the leaf says that, and not how it ended.
 */
export function saysTheSame(leaf: LedgerLeaf, event: ColdEvent): boolean {
  return (
    leaf.at === event.at &&
    (leaf.outcome === event.outcome || leaf.outcome === unsealed) &&
    leaf.principalTag === event.principal &&
    leaf.resource === leafResource(leaf.op, event.memories)
  )
}
