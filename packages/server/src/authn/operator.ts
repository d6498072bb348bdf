import type { Keep, ReadableMemory, Right, ScopedMemory } from 'memkeep'
import {
  type CommonScope,
  type Grant,
  type GrantRight,
  mintCommonScope,
  mintGrant,
  mintScope,
  mintTenantScope,
  type Principal,
  type SubjectScope,
} from 'memkeep/trust'

/** The operator of this machine: whoever may run the command line here holds the keys already. */
const operator = 'operator'
const lookingBack = Object.freeze({ id: operator, roles: ['agent', 'admin'] }) satisfies Principal
/** Who brings in what a file holds. A name that reads nothing: see `importScope`. */
export const importer = Object.freeze({ ...lookingBack, id: `${operator}/import` }) satisfies Principal

/** Permission for one command: to create and list tenants, or what else `right` names. */
export function operatorGrant(reason: string, right: GrantRight = 'tenants'): Grant {
  return mintGrant({ principal: { id: operator, roles: [] }, rights: [right], reason, ttlSeconds: 600 })
}

/** Permission for support access, in the name of a person who says it: whoever runs the command line here is believed. */
export function supportGrant(name: string, reason: string): Grant {
  const principal = { id: `${operator}/${name}`, roles: [] }
  return mintGrant({ principal, rights: ['support'], reason, ttlSeconds: 600 })
}

/** One subject's scope in the role of an agent. */
export function agentScope(tenant: string, subject: string): SubjectScope {
  return mintScope({ tenant, subject, principal: { id: operator, roles: ['agent'] } })
}

/**
 * To bring in memories of one subject, or (null) of the tenant as a whole: those that a system wrote, or with sensitive sources, too. Under a name that reads
 * nothing: a file was written before the operator looked at anything here, so what the operator was shown is not held against what stands in it. Turns are told
 * in their session, and so to nobody else.
 */
export function importScope(
  tenant: string,
  subject: string | null,
  { agent = null, session = null }: { readonly agent?: string | null; readonly session?: string | null } = {},
): SubjectScope | CommonScope {
  const principal: Principal = { ...importer, actors: ['system'] }
  if (subject === null) return mintCommonScope({ tenant, principal: { ...principal, rights: ['common'] } })
  const bound = { ...(agent === null ? {} : { agent }), ...(session === null ? {} : { session }) }
  return mintScope({ tenant, subject, principal, ...bound })
}

/**
 * For a look at what was imported before, sensitive memories too. With a session it sees that session alone, which is
 * less to look through.
 */
export function importedScope(tenant: string, subject: string, session: string | null): SubjectScope {
  const bound = session === null ? {} : { session }
  return mintScope({ tenant, subject, principal: lookingBack, ...bound, ttlSeconds: 86_400 })
}

/** The same look at what belongs to the tenant as a whole. */
export function importedCommonScope(tenant: string): CommonScope {
  return mintCommonScope({ tenant, principal: lookingBack, ttlSeconds: 86_400 })
}

/** To embed anew what one subject has, or (null) what a whole tenant has: every label of it, whoever wrote it. */
export function reembedReach(keep: Keep, tenant: string, subject: string | null): ReadableMemory {
  const principal: Principal = { id: operator, roles: ['admin'], rights: ['common', 'tenant'] }
  const long = { tenant, principal, ttlSeconds: 86_400 }
  return subject === null ? keep.for(mintTenantScope(long)) : keep.for(mintScope({ ...long, subject }))
}

/**
 * What an export reads: one subject, or (null) a tenant with all its subjects. In the role that a disclosure budget can exempt; what an export needs
 * is in its rights, also where a tenant's policy has no such role.
 */
export function exportReach(keep: Keep, tenant: string, subject: string | null): ReadableMemory {
  const by = (...rights: Right[]) => ({ id: operator, roles: ['export'], rights })
  if (subject !== null) return keep.for(mintScope({ tenant, subject, principal: by('read', 'export') }))
  return keep.for(mintTenantScope({ tenant, principal: by('read', 'export', 'tenant') }))
}

/** Who reviews what is held: of one subject, or (null) looks at every subject's and judges what belongs to the tenant as a whole. */
export function reviewReach(
  keep: Keep,
  tenant: string,
  subject: string | null,
): { readonly reads: ReadableMemory; readonly writes: ScopedMemory } {
  const principal: Principal = { id: operator, roles: ['admin'], rights: ['review', 'common', 'tenant'] }
  if (subject === null) {
    return {
      reads: keep.for(mintTenantScope({ tenant, principal })),
      writes: keep.for(mintCommonScope({ tenant, principal })),
    }
  }
  const memory = keep.for(mintScope({ tenant, subject, principal }))
  return { reads: memory, writes: memory }
}

/** What an auditor takes away: a tenant's whole log. */
export function auditReach(keep: Keep, tenant: string): ReadableMemory {
  const principal: Principal = { id: operator, roles: [], rights: ['audit', 'tenant'] }
  return keep.for(mintTenantScope({ tenant, principal, ttlSeconds: 86_400 }))
}
