import { canonicalBytes } from '../proof/canonical-bytes.ts'
import type { DataKey } from './data-key.ts'
import { keyVersionOf } from './data-key.ts'
import type { TenantKeys } from './tenant-keys.ts'

/**
 * What an idempotency key is in the database, and the digest of what was asked with it. `powers`: of the credential that asks. One of the same
 * principal that may do less has keys of its own: it is not given what another was answered.
 */
export function answerTags(
  keys: TenantKeys,
  key: string,
  powers: readonly (readonly string[])[],
  asked: string,
): { readonly key: Buffer; readonly digest: Buffer } {
  return {
    key: keys.keyedTag('answer-key', canonicalBytes([key, ...powers.map((each) => [...each].sort())])),
    digest: keys.keyedTag('answer-digest', asked),
  }
}

/** Sealed under the shelf's own key: it goes when the subject's key goes. Throws `ERR_KEY_DESTROYED` for one that was erased. */
export async function sealAnswer(keys: TenantKeys, shelf: Buffer, tag: Buffer, answer: string) {
  const key = await keys.forWriting(shelf)
  return { sealed: key.seal('receipt', Buffer.from(answer, 'utf8'), contextOf(tag)), epoch: key.epoch }
}

export async function openAnswer(
  keys: TenantKeys,
  shelf: Buffer,
  tag: Buffer,
  sealed: Buffer,
  epoch: number,
): Promise<string> {
  const key: DataKey = await keys.forOpening(shelf, epoch, keyVersionOf(sealed))
  return key.open('receipt', sealed, contextOf(tag)).toString('utf8')
}

function contextOf(tag: Buffer): (string | Buffer)[] {
  return ['answer', tag]
}
