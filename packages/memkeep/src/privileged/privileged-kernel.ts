import { detailContext, encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import type { OperatorErasures } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Grant, GrantClaims, GrantRight } from '../core/grant.ts'
import type { Memory } from '../core/memory.ts'
import { rightsMask } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { DoorwayCall, Doorways } from '../store/doorways.ts'
import type { ReadingRow } from '../store/reading.ts'
import type { Claims } from '../store/token.ts'

/** What privileged calls work with. */
export interface PrivilegedKernel {
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
  readonly checkOpen: () => void
  /** Erasures that a grant permits. */
  readonly erasuresBy: (grant: Grant) => OperatorErasures
  /** True: support reads nothing before a second person has agreed. */
  readonly supportNeedsSecond: boolean
  /** Opens rows that a call with these claims brought, and no others; `nameOf` gives the subject to show. */
  readonly openRows: (
    keys: TenantKeys,
    claims: Claims,
    rows: readonly ReadingRow[],
    nameOf: (subject: Buffer) => string | null,
  ) => Promise<Memory[]>
}

/** One privileged act: what the grant permits, on one tenant or on the deployment (its keys are a tenant's like any other). */
export interface Act {
  readonly grant: GrantClaims
  readonly keys: TenantKeys
  readonly doorway: string
  /** What follows the tenant and the token; the audit detail comes last by itself. */
  readonly args: readonly unknown[]
  /** The lookup tag of an API key that is looked up: it stands in the token, in the shelf's place. */
  readonly lookup?: Buffer
  /** What the act is on, when it is not the tenant's common shelf; with `tenant`, `keys` are the deployment's. */
  readonly on?: Partial<Pick<Claims, 'tenant' | 'reach' | 'shelf' | 'shelfEpoch' | 'tenantEpoch' | 'clearance'>>
  /** The support access that it is done under. */
  readonly support?: string
}

/** Where an act on a tenant is recorded. Without the right it is the deployment: the refusal does not tell which tenants there are. */
export function placeOf(
  { keyring }: PrivilegedKernel,
  grant: GrantClaims,
  right: GrantRight,
  tenant: string,
): Promise<TenantKeys> {
  return grant.rights.includes(right) ? keyring.tenant(tenant) : keyring.deployment()
}

/** The act as a call of its doorway, under an event id of its own that its audit detail is bound to. */
export async function callOf(kernel: PrivilegedKernel, act: Act): Promise<DoorwayCall> {
  const { grant, keys, doorway, lookup } = act
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const claims: Claims = {
    ...grantClaims(grant, keys),
    ...(lookup === undefined ? {} : { shelf: lookup }),
    ...act.on,
  }
  return { doorway, claims, event, atMs, args: [...act.args, await grantDetail(act, event)] }
}

/**
 * How a call ended. If its answer was lost and it turns out to have committed, the outcome is read from the ledger: a
 * refusal must not pass for done.
 */
export async function outcomeOf(kernel: PrivilegedKernel, act: Act): Promise<string> {
  const call = await callOf(kernel, act)
  const rows = await kernel.doorways.call<{ outcome: string }>(call)
  if (rows !== 'committed') return rows[0]!.outcome
  const [settled] = await kernel.doorways.read<{ outcome: string | null }>({ ...call, doorway: 'settle', args: [] })
  if (settled?.outcome == null) {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the answer was lost', { retryable: true })
  }
  return settled.outcome
}

function grantClaims(grant: GrantClaims, keys: TenantKeys): Claims {
  return {
    tenant: keys.tag,
    reach: 'common',
    shelf: keys.commonTag,
    tenantEpoch: keys.epoch,
    shelfEpoch: 0,
    clearance: 0,
    writable: 0,
    actors: 0,
    rights: rightsMask(grant.rights satisfies readonly GrantRight[]),
    principal: keys.principalTag(grant.principal.id),
    policyVersion: 0,
  }
}

/** Who and why, sealed under the tenant's own key (or the deployment's) and bound to the event. */
async function grantDetail({ grant, keys, on, support }: Act, event: string): Promise<Buffer> {
  const key = await keys.own()
  const { principal, reason } = grant
  const detail = eventDetail(principal, { by: 'operator', reason, ...(support === undefined ? {} : { support }) })
  const under = on?.tenant === undefined ? 'tenant' : 'deployment'
  return frameDetail(under, key.epoch, key.seal('audit', encodeDetail(detail), detailContext(event)))
}
