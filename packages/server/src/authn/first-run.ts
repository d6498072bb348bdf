import type { Keep } from 'memkeep'
import { mintGrant } from 'memkeep/trust'

export interface FirstKey {
  readonly tenant: string
  readonly subject: string
  /** The secret. It can be had here and never again. */
  readonly key: string
}

const tenant = 'my-team'
const subject = 'me'

/** In a deployment without tenants: makes one and an agent's key for one subject of it. Null when there is a tenant already. */
export async function firstRun(keep: Keep): Promise<FirstKey | null> {
  const principal = { id: 'first-run', roles: [] }
  const grant = mintGrant({ principal, rights: ['tenants', 'keys'], reason: 'first run of the server', ttlSeconds: 60 })
  const { tenants, keys } = keep.privileged(grant)
  if ((await tenants.list({ limit: 1 })).items.length > 0) return null
  await tenants.create(tenant)
  const { key } = await keys.create({ tenant, subject, principal: { id: 'first-key', roles: ['agent'] } })
  return { tenant, subject, key }
}
