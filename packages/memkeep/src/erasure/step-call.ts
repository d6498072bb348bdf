import { byErasure, detailContext, encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import type { ErasureKind } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { rightBits } from '../core/rights.ts'
import type { DoorwayCall } from '../store/doorways.ts'
import type { ErasureKernel, FoundErasure } from './erasure-kernel.ts'

/** What a call of an erasure is about: by tags, since the keys of the scope may be gone. */
export interface ErasurePlace {
  readonly tenant: Buffer
  readonly kind: ErasureKind
  /** Sixteen zero bytes for a tenant. */
  readonly subject: Buffer
}

export function placeOf({ tenant, kind, subject }: FoundErasure): ErasurePlace {
  return { tenant, kind: kind === 1 ? 'tenant' : 'subject', subject }
}

/** Tag of the principal under which steps are taken. */
export async function stepPrincipal({ keyring }: ErasureKernel): Promise<Buffer> {
  return (await keyring.deployment()).principalTag(byErasure.principal)
}

/** What a call states beyond its place. */
export interface Stated {
  readonly shelfEpoch?: number
  /** Id of its event, when it must be known. */
  readonly event?: string
  /** Digest of the attestation that its event commits to. */
  readonly attestation?: string
  /** In whose name, with which rights; the kernel's own, as a step, when absent. */
  readonly by?: { readonly principal: Required<Principal>; readonly rights: number }
}

/**
 * A call for an erasure that was authorised: by the kernel itself, under the deployment's keys. It reaches the one subject, or
 * every subject of the tenant, whatever the label.
 */
export async function stepCall(
  { keyring, seams }: ErasureKernel,
  place: ErasurePlace,
  args: readonly unknown[],
  stated: Stated = {},
): Promise<Omit<DoorwayCall, 'doorway'>> {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const atMs = seams.clock.now()
  const event = stated.event ?? seams.ids.uuid(atMs)
  const { by, attestation } = stated
  const asked = by === undefined ? byErasure : eventDetail(by.principal)
  const detail = { ...asked, ...(attestation === undefined ? {} : { attestation }) }
  const sealed = key.seal('audit', encodeDetail(detail), detailContext(event))
  return {
    event,
    atMs,
    claims: {
      tenant: place.tenant,
      reach: place.kind === 'tenant' ? 'all' : 'subject',
      shelf: place.subject,
      tenantEpoch: 0,
      shelfEpoch: stated.shelfEpoch ?? 0,
      clearance: 0b111,
      writable: 0,
      actors: 0,
      rights: by?.rights ?? rightBits.erase | rightBits.erasing,
      principal: keys.principalTag(asked.principal),
      policyVersion: 0,
    },
    args: [...args, frameDetail('deployment', key.epoch, sealed)],
  }
}

/**
 * Calls a doorway of an erasure, whose repetition does no harm: when its answer was lost, it is asked again. Throws for any
 * outcome that is not handled.
 */
export async function callStep<Row extends { readonly outcome: string | null }>(
  kernel: ErasureKernel,
  place: ErasurePlace,
  call: {
    readonly doorway: string
    readonly args: readonly unknown[]
    readonly handled?: readonly string[]
    readonly stated?: Stated
  },
): Promise<Row[]> {
  const { doorway, args, handled = ['ok'], stated } = call
  for (let attempt = 1; attempt <= 3; attempt++) {
    const prepared = await again(() => stepCall(kernel, place, args, stated))
    const rows = await kernel.doorways.call<Row>({ doorway, ...prepared })
    if (rows === 'committed') continue
    const outcome = rows.find((row) => row.outcome !== null)?.outcome
    if (handled.includes(outcome!)) return rows
    throw new MemkeepError('ERR_ERASURE_INCOMPLETE', `the database refused a step of the erasure (${outcome})`)
  }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the answer was lost', { retryable: true })
}

/** Once more when a key's time was over between being found and being used. */
export async function again<T>(prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare()
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_KEY_UNAVAILABLE' || !error.retryable) throw error
    return prepare()
  }
}
