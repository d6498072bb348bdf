import { detailContext, encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import { type AfterErasure, type Asker, askers, type ErasureReason, erasureReasons } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { Claims } from '../store/token.ts'
import { lastBackupMs } from './enter.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { commitOf, sealNames } from './names.ts'
import { requestSealOf } from './request-seal.ts'

/** Who asks for what to be erased, made ready. */
export interface Asked {
  readonly keys: TenantKeys
  /** Reach `subject` or `all`, with the rights of whoever asks. */
  readonly claims: Claims
  readonly ids: { readonly tenant: string; readonly subject: string | null }
  readonly principal: Required<Principal>
  readonly askedBy: Asker
  /** Why, in the words of a grant. */
  readonly because?: string
  readonly reason: ErasureReason
  readonly after: AfterErasure
}

interface RequestRow {
  readonly outcome: string
  readonly id: string
}

/**
 * Records that the scope is to be erased, when whoever asks may have that done. Returns the erasure's id: of the one that stands
 * already, when the scope's epoch has one. The outcome is for the caller to judge.
 */
export async function requestErasure(kernel: ErasureKernel, asked: Asked): Promise<RequestRow> {
  const { keys, claims, ids, reason, after, askedBy } = asked
  const atMs = kernel.seams.clock.now()
  const id = kernel.seams.ids.uuid(atMs)
  const kind = ids.subject === null ? ('tenant' as const) : ('subject' as const)
  const commit = await commitOf(kernel, id, kind, ids)
  const names = await sealNames(kernel, id, ids)
  const { tenant, shelf: subject, principal } = claims
  const epoch = kind === 'subject' ? Math.max(keys.epoch, await keys.epochOf(subject)) : keys.epoch
  const what = { id, tenant, kind, subject, epoch, after, reason, askedBy, principal, scopeCommit: commit }
  const stated = [
    after === 'reopen' ? 1 : 0,
    erasureReasons.indexOf(reason),
    askers.indexOf(askedBy),
    commit,
    names,
    lastBackupMs(kernel),
    epoch,
    await requestSealOf(kernel, what),
  ]
  for (let attempt = 1; attempt <= 3; attempt++) {
    const event = kernel.seams.ids.uuid(atMs)
    const args = [id, ...stated, await detailOf(keys, event, asked)]
    const rows = await kernel.doorways.call<RequestRow>({ doorway: 'request_erasure', claims, event, atMs, args })
    // Asked again, the erasure that was recorded is the one that stands.
    if (rows !== 'committed') return rows[0]!
  }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the answer was lost', { retryable: true })
}

/** Who and why, under the tenant's own key: it names no subject. */
async function detailOf(keys: TenantKeys, event: string, { principal, because, askedBy }: Asked): Promise<Buffer> {
  const key = await keys.own()
  const detail = eventDetail(principal, {
    ...(askedBy === 'operator' ? { by: 'operator' } : {}),
    ...(because === undefined ? {} : { reason: because }),
  })
  return frameDetail('tenant', key.epoch, key.seal('audit', encodeDetail(detail), detailContext(event)))
}
