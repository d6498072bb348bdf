import type { FinishedErasure, RunningErasure } from '../../src/index.ts'
import { mintGrant, mintScope, mintTenantScope } from '../../src/trust.ts'
import type { TestKeep } from './test-keep.ts'

export const admin = { id: 'boss', roles: ['admin'] }

/** A scope of one subject (of tenant acme) in the hands of its tenant's admin. */
export function adminOf(subject: string, tenant = 'acme') {
  return mintScope({ tenant, subject, principal: admin })
}

export function adminOfTenant(tenant = 'acme') {
  return mintTenantScope({ tenant, principal: admin })
}

export function grantOf(...rights: ('erase' | 'holds' | 'tenants' | 'keys' | 'authenticate')[]) {
  return mintGrant({ principal: { id: 'operator', roles: [] }, rights, reason: 'a test', ttlSeconds: 600 })
}

/** Follows an erasure to its end: lets the time pass that it waits for, and gives its events their places in the log. */
export async function finished(store: TestKeep, erasure: RunningErasure): Promise<FinishedErasure> {
  for await (const { step } of erasure) {
    if (step === 'derive') store.clock.advance(300_001)
    if (step === 'verify') await store.keep.runUpkeep()
  }
  return erasure.done
}
