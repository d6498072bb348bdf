import { checkDisclosure, type DisclosureBudget } from '../core/disclosure.ts'
import { MemkeepError } from '../core/errors.ts'
import { checkQuota, type Quota } from '../core/quota.ts'
import { checkPolicy, type Policy } from './policy.ts'

/** What a tenant has of its own, sealed together under one version; null where the deployment's goes. */
export interface TenantTerms {
  readonly policy: Policy | null
  readonly quota: Quota | null
  /** How its content is screened, as it was checked when it was set: who reads it checks it anew. */
  readonly screening: object | null
  readonly disclosure: DisclosureBudget | null
}

export const noTerms: TenantTerms = Object.freeze({ policy: null, quota: null, screening: null, disclosure: null })

/** The tenant's own data key. */
interface TermsKey {
  seal(purpose: 'policy', plain: Uint8Array, context: readonly (string | number)[]): Buffer
  open(purpose: 'policy', record: Uint8Array, context: readonly (string | number)[]): Buffer
}

/** Where they stand: older ones put back under a newer version do not open. */
function termsContext(version: number): (string | number)[] {
  return ['tenant', 'policy', version]
}

/** "None of its own" is sealed like any other: terms that were taken away must not pass for none. */
export function sealTerms(
  key: TermsKey,
  version: number,
  { policy, quota, screening, disclosure }: TenantTerms,
): Buffer {
  // Without more as it always was, the bare policy; a list never was one.
  const more = [quota, screening, disclosure]
  while (more.at(-1) === null) more.pop()
  const text = JSON.stringify(more.length === 0 ? policy : [policy, ...more])
  return key.seal('policy', Buffer.from(text, 'utf8'), termsContext(version))
}

/** Throws `ERR_SEAL_BROKEN` for terms that are not those set under this version; version 0 is that of none. */
export function openTerms(key: TermsKey, version: number, sealed: Buffer | null): TenantTerms {
  if (version === 0) return noTerms
  if (sealed === null) throw new MemkeepError('ERR_SEAL_BROKEN', "the tenant's policy is not the one that was set")
  const value: unknown = JSON.parse(key.open('policy', sealed, termsContext(version)).toString('utf8'))
  const [policy, quota = null, screening = null, disclosure = null] = Array.isArray(value) ? value : [value]
  return {
    policy: policy === null ? null : checkPolicy(policy),
    quota: quota === null ? null : checkQuota(quota),
    screening,
    disclosure: disclosure === null ? null : checkDisclosure(disclosure),
  }
}
