import { type Grant, mintGrant, mintScope, type SubjectScope } from 'memkeep/trust'

/** The operator of this machine: whoever may run the command line here holds the keys already. */
const operator = 'operator'

/** Permission to create and list tenants, for one command. */
export function operatorGrant(reason: string): Grant {
  return mintGrant({ principal: { id: operator, roles: [] }, rights: ['tenants'], reason, ttlSeconds: 600 })
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
