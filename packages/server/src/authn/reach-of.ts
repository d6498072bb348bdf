import { type Credential, defaultPolicy, type Keep } from 'memkeep'
import { mintCommonScope, mintScope, mintTenantScope, type Principal } from 'memkeep/trust'
import type { Reach } from '../operations/operation.ts'

/** A scope lives for one request. */
const ttlSeconds = 60

/**
 * What a credential reaches, newly minted. Of one subject: that subject, for reads and writes. Of the tenant as a whole:
 * writes go to the common memories; reads see every subject when the principal holds the right `tenant` (itself, or by a
 * role of the deployment's default policy), and the common memories when it does not. The kernel judges each call again.
 */
export function reachOf(keep: Keep, { tenant, subject, principal, minted }: Credential): Reach {
  const mints = !minted
  if (subject !== null) {
    const memory = keep.for(mintScope({ tenant, subject, principal, ttlSeconds }))
    return { reads: memory, writes: memory, mints }
  }
  const writes = keep.for(mintCommonScope({ tenant, principal, ttlSeconds }))
  if (!readsEverySubject(principal)) return { reads: writes, writes, mints }
  return { reads: keep.for(mintTenantScope({ tenant, principal, ttlSeconds })), writes, mints }
}

function readsEverySubject({ roles, rights = [] }: Principal): boolean {
  const byRole = roles.some(
    (role) => Object.hasOwn(defaultPolicy, role) && defaultPolicy[role]!.rights.includes('tenant'),
  )
  return byRole || rights.includes('tenant')
}
