import { EventOpener } from '../audit/event-opener.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'

/** For one piece of work on a tenant's events. One whose keys are gone has them logged all the same: nobody can open what they commit to. */
export async function eventOpenerOf(keyring: Keyring, tenant: Buffer): Promise<EventOpener> {
  return new EventOpener(await keysOf(keyring, tenant), await keyring.deployment())
}

async function keysOf(keyring: Keyring, tenant: Buffer): Promise<TenantKeys | null> {
  try {
    return await keyring.tenantByTag(tenant)
  } catch (error) {
    if (error instanceof MemkeepError && keyless.includes(error.code)) return null
    throw error
  }
}

const keyless: readonly string[] = ['ERR_TENANT_UNKNOWN', 'ERR_KEY_DESTROYED', 'ERR_SCOPE_BARRED']
