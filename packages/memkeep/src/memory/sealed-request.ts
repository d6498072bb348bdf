import type { StoredReceipt } from '../core/memory.ts'
import { type DataKey, keyVersionOf } from '../keys/data-key.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import type { Access } from './access.ts'
import { askedOf } from './asked.ts'
import type { CheckedInput } from './input.ts'

/** Answers to calls with an idempotency key are kept for a day. */
export const requestLifetimeMs = 86_400_000

/** What a call with an idempotency key leaves behind: a later one under the same key is told of it, or told that it asks for something else. */
interface SealedRequest {
  readonly key: Buffer
  readonly digest: Buffer
  readonly receipt: Buffer
}

export function sealRequest(
  access: Access,
  key: DataKey,
  idempotencyKey: string,
  inputs: readonly CheckedInput[],
  receipts: readonly StoredReceipt[],
): SealedRequest {
  // Of one principal with other powers: keys of its own, as everywhere (answerTags).
  const { roles, rights, actors } = access.scope.principal
  const powers = [roles, rights, actors].map((each) => [...each].sort())
  const tag = access.keys.keyedTag('request-key', canonicalBytes([idempotencyKey, ...powers]))
  const asked = inputs.map((input) => askedOf(access, input))
  const digest = access.keys.keyedTag('request-digest', canonicalBytes([asked]))
  return { key: tag, digest, receipt: key.seal('receipt', Buffer.from(JSON.stringify(receipts)), requestContext(tag)) }
}

export async function openReceipts(
  access: Access,
  key: DataKey,
  tag: Buffer,
  sealed: Buffer,
): Promise<StoredReceipt[]> {
  const under = await access.keys.forOpening(access.shelf, key.epoch, keyVersionOf(sealed))
  const receipts = JSON.parse(under.open('receipt', sealed, requestContext(tag)).toString('utf8')) as StoredReceipt[]
  return receipts.map((receipt) => ({
    ...receipt,
    durableUntil: receipt.durableUntil === null ? null : new Date(receipt.durableUntil),
  }))
}

function requestContext(tag: Buffer): (string | Buffer)[] {
  return ['request', tag]
}
