import { type Credential, defaultPolicy, type Keep } from 'memkeep'
import { mintCommonScope, mintScope, mintTenantScope, type Principal, type SubjectScope } from 'memkeep/trust'
import type { Erases, Mints, Reach } from '../operations/operation.ts'

/** A scope lives for one request. */
const ttlSeconds = 60

/**
 * What a credential reaches, newly minted. Of one subject: that subject, for reads and writes. Of the tenant as a whole:
 * writes go to the common memories; reads see every subject when the principal holds the right `tenant` (itself, or by a
 * role of the deployment's default policy), and the common memories when it does not. The kernel judges each call again.
 */
export function reachOf(keep: Keep, { tenant, subject, principal }: Credential, mints: Mints | null): Reach {
  if (subject !== null) return { ...subjectReach(keep, mintScope({ tenant, subject, principal, ttlSeconds })), mints }
  const writes = keep.for(mintCommonScope({ tenant, principal, ttlSeconds }))
  const wide = mintTenantScope({ tenant, principal, ttlSeconds })
  const all = keep.for(wide)
  const erases: Erases = {
    kind: 'tenant',
    begin: (options) => keep.eraseTenant(wide, options),
    get made() {
      return all.erasures
    },
  }
  return { reads: readsEverySubject(principal) ? all : writes, writes, mints, erases }
}

/** One subject's: what it reads, writes and may have erased. */
export function subjectReach(keep: Keep, scope: SubjectScope): Omit<Reach, 'mints'> {
  const memory = keep.for(scope)
  const erases: Erases = {
    kind: 'subject',
    begin: (options) => keep.eraseSubject(scope, options),
    get made() {
      return memory.erasures
    },
  }
  return { reads: memory, writes: memory, erases }
}

function readsEverySubject({ roles, rights = [] }: Principal): boolean {
  const byRole = roles.some(
    (role) => Object.hasOwn(defaultPolicy, role) && defaultPolicy[role]!.rights.includes('tenant'),
  )
  return byRole || rights.includes('tenant')
}
