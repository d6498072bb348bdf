import { detailContext, type EventDetail, encodeDetail, frameDetail } from './audit/detail.ts'
import { MemkeepError } from './core/errors.ts'
import type { Seams } from './core/seams.ts'
import type { Keyring } from './keys/keyring.ts'
import type { TenantKeys } from './keys/tenant-keys.ts'
import type { Doorways } from './store/doorways.ts'
import type { Claims } from './store/token.ts'

// Calls that a process makes on its own behalf, under the deployment's keys and without any right.

/**
 * The process's first call: shows that its tokens pass, and leaves in the ledger under which settings it serves. Also that it has
 * replaced the keys of all tokens.
 */
export async function announce(
  doorways: Doorways,
  keyring: Keyring,
  seams: Seams,
  served: Omit<EventDetail, 'principal' | 'roles'>,
): Promise<void> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  await doorways.call({
    doorway: 'open_keep',
    event,
    claims: ownClaims(keys),
    args: [
      frameDetail(
        'tenant',
        key.epoch,
        key.seal('audit', encodeDetail({ principal: 'memkeep', roles: [], ...served }), detailContext(event)),
      ),
    ],
  })
}

/**
 * Tells the database for how long this process holds keys open, and returns the longest time that any process has told within a day: its own at
 * least, also from a schema that does not know of this yet.
 */
export async function announceHold(
  { doorways, keyring, seams }: { doorways: Doorways; keyring: Keyring; seams: Seams },
  holdMs: number,
): Promise<number> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const sealed = key.seal('audit', encodeDetail({ principal: 'memkeep', roles: [] }), detailContext(event))
  const args = [Math.ceil(holdMs), frameDetail('tenant', key.epoch, sealed)]
  try {
    const [row] = await doorways.read<{ longest_ms: number | null }>({
      doorway: 'hold_keys',
      event,
      claims: ownClaims(keys),
      args,
    })
    return Math.max(holdMs, row?.longest_ms ?? 0)
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_STORE_VERSION') return holdMs
    throw error
  }
}

/** Resolves when the database answers and upkeep has left it a token key. Asks how an event ended that never was, which leaves none. */
export async function checkDatabase(doorways: Doorways, keyring: Keyring): Promise<void> {
  await doorways.read({ doorway: 'settle', claims: ownClaims(await keyring.deployment()), args: [] })
}

function ownClaims(keys: TenantKeys): Claims {
  return {
    tenant: keys.tag,
    reach: 'common',
    shelf: keys.commonTag,
    tenantEpoch: keys.epoch,
    shelfEpoch: 0,
    clearance: 0,
    writable: 0,
    actors: 0,
    rights: 0,
    principal: keys.principalTag('memkeep'),
    policyVersion: 0,
  }
}
