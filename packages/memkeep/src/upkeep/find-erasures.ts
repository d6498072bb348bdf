import { byUpkeep, detailContext, type EventDetail, encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import { MemkeepError } from '../core/errors.ts'
import type { GrantClaims } from '../core/grant.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import { upkeepClaims } from './upkeep-call.ts'

/** Where an erasure stands. */
export interface ErasureFound {
  readonly tenant: Buffer
  readonly id: string
  readonly kind: number
  readonly subject: Buffer
  readonly requested_ms: number
}

/** Those that are due, and how many are not done, whoever works on them. */
export interface DueErasures {
  readonly found: readonly ErasureFound[]
  readonly open: number
}

const most = 200

type Caller = { readonly doorways: Doorways; readonly keyring: Keyring; readonly seams: Seams }

/** In whose name it is looked. */
interface Looking {
  readonly rights: number
  readonly detail: EventDetail
}

const upkeep: Looking = { rights: rightBits.erasing, detail: byUpkeep }

/** Erasures of any tenant that are not done and that no process works on, those first that were tried longest ago. */
export async function dueErasures(caller: Caller): Promise<DueErasures> {
  const [outcome, ...found] = await look<ErasureFound & { readonly open: number }>(
    caller,
    'due_erasures',
    [null, false, most],
    upkeep,
  )
  return { found, open: outcome!.open }
}

/** Erasures of any tenant that are done, and whose bar and record may go. */
export async function endedErasures(caller: Caller): Promise<(ErasureFound & { readonly epoch: number })[]> {
  return (await look<ErasureFound & { readonly epoch: number }>(caller, 'ended_erasures', [most], upkeep)).slice(1)
}

/**
 * The erasure of any tenant with this id (a UUID), or null. In the name of the grant's principal: an event of the deployment says who looked and why. Throws `ERR_ACCESS_DENIED` without
 * the right `erase`, which is an event as well.
 */
export async function findErasure(caller: Caller, id: string, grant: GrantClaims): Promise<ErasureFound | null> {
  const [, found] = await look<ErasureFound>(caller, 'due_erasures', [id, false, 1], lookingBy(grant))
  return found ?? null
}

/** Every erasure of any tenant that is not done, the oldest first, of very many the first ones. In whose name, and what it throws, as `findErasure`. */
export async function openErasuresOf(caller: Caller, grant: GrantClaims): Promise<ErasureFound[]> {
  return (await look<ErasureFound>(caller, 'due_erasures', [null, true, most], lookingBy(grant))).slice(1)
}

function lookingBy({ principal, rights, reason }: GrantClaims): Looking {
  const detail = eventDetail(principal, { by: 'operator', reason })
  return { rights: rights.includes('erase') ? rightBits.erasing : 0, detail }
}

/** The row of the outcome first. */
async function look<Row extends ErasureFound>(
  { doorways, keyring, seams }: Caller,
  doorway: string,
  args: readonly unknown[],
  { rights, detail }: Looking,
): Promise<Row[]> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const sealed = key.seal('audit', encodeDetail(detail), detailContext(event))
  const rows = await doorways.read<Row & { readonly outcome: string | null }>({
    doorway,
    event,
    claims: {
      ...upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
      clearance: 0,
      writable: 0,
      rights,
      principal: keys.principalTag(detail.principal),
    },
    args: [...args, frameDetail('tenant', key.epoch, sealed)],
  })
  if (rows.some(({ outcome }) => outcome === 'denied')) {
    throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
  }
  return rows
}
