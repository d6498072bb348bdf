import { byUpkeep, detailContext, type EventDetail, encodeDetail, frameDetail } from '../audit/detail.ts'
import { MemkeepError } from '../core/errors.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'

/** What calls of the log's keeper are made with. */
export interface LogCaller {
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
}

/** One row of an answer brings its outcome. */
export interface Answer {
  readonly outcome: string | null
}

/**
 * One call on the log of a tenant (or the deployment's) by whoever keeps logs. It needs no key of the tenant's, so an erased one's
 * log is kept as any other. Throws `ERR_ACCESS_DENIED` for any outcome but `ok` and `conflict`.
 */
export async function callLog<Row extends object>(
  { doorways, keyring, seams }: LogCaller,
  tenant: Buffer,
  doorway: string,
  args: readonly unknown[],
  more: Pick<EventDetail, 'pruned'> = {},
): Promise<(Row & Answer)[]> {
  const deployment = await keyring.deployment()
  const key = await deployment.own()
  const event = seams.ids.uuid(seams.clock.now())
  const detail = encodeDetail({ ...byUpkeep, ...more })
  const sealed = frameDetail('deployment', key.epoch, key.seal('audit', detail, detailContext(event)))
  const claims = keeperClaims(tenant, deployment.principalTag(byUpkeep.principal))
  const rows = await doorways.read<Row & Answer>({ doorway, claims, event, args: [...args, sealed] })
  const outcome = rows.find((row) => row.outcome !== null)?.outcome
  if (outcome !== 'ok' && outcome !== 'conflict') {
    throw new MemkeepError('ERR_ACCESS_DENIED', 'upkeep may not keep this log')
  }
  return rows
}

function keeperClaims(tenant: Buffer, principal: Buffer): Claims {
  return {
    tenant,
    reach: 'all',
    shelf: Buffer.alloc(16),
    tenantEpoch: 0,
    shelfEpoch: 0,
    clearance: 0,
    writable: 0,
    actors: 0,
    rights: rightBits.upkeep | rightBits.audit,
    principal,
    policyVersion: 0,
  }
}
