import type { Keep, ReadableMemory, Right } from 'memkeep'
import { type Grant, type GrantRight, mintGrant, mintScope, mintTenantScope, type SubjectScope } from 'memkeep/trust'

/** The operator of this machine: whoever may run the command line here holds the keys already. */
const operator = 'operator'

/** Permission for one command: to create and list tenants, or what else `right` names. */
export function operatorGrant(reason: string, right: GrantRight = 'tenants'): Grant {
  return mintGrant({ principal: { id: operator, roles: [] }, rights: [right], reason, ttlSeconds: 600 })
}

/** One subject's scope in the role of an agent; `importing` adds the right to bring in turns that a system wrote. */
export function agentScope(
  tenant: string,
  subject: string,
  options: { readonly importing?: boolean } = {},
): SubjectScope {
  const actors = options.importing === true ? (['system'] as const) : []
  return mintScope({ tenant, subject, principal: { id: operator, roles: ['agent'], actors } })
}

/**
 * For a look at what was imported before, sensitive memories too. With a session it sees that session alone, which is
 * less to look through.
 */
export function importedScope(tenant: string, subject: string, session: string | null): SubjectScope {
  const principal = { id: operator, roles: ['agent', 'admin'] }
  const bound = session === null ? {} : { session }
  return mintScope({ tenant, subject, principal, ...bound, ttlSeconds: 86_400 })
}

/** What an export reads: one subject, or (null) a tenant with all its subjects. */
export function exportReach(keep: Keep, tenant: string, subject: string | null): ReadableMemory {
  const by = (...rights: Right[]) => ({ id: operator, roles: [], rights })
  if (subject !== null) return keep.for(mintScope({ tenant, subject, principal: by('read', 'export') }))
  return keep.for(mintTenantScope({ tenant, principal: by('read', 'export', 'tenant') }))
}
