import type { Doer } from '../audit/actor-class.ts'
import { detailContext, type EventDetail, encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import type { DisclosureBudget } from '../core/disclosure.ts'
import { MemkeepError } from '../core/errors.ts'
import { type Quota, quotaOf } from '../core/quota.ts'
import type { ScopeClaims } from '../core/scope.ts'
import type { DataKey } from '../keys/data-key.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { powersOf } from '../policy/policy.ts'
import { openTerms } from '../policy/tenant-terms.ts'
import type { ScreenPolicy } from '../screening/judge.ts'
import type { Claims } from '../store/token.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome, Outdated } from './outcome.ts'

/** A scope made ready for one operation: its keys, and the claims that its tokens state. */
export interface Access {
  readonly scope: ScopeClaims
  /** Of an access that is not a scope's: whose. */
  readonly by?: Doer
  readonly keys: TenantKeys
  /** For an access that is not a scope's: its keys anew, as they are held for less time than long work takes. */
  readonly openKeys?: () => Promise<TenantKeys>
  /** For reads; a write sets `shelfEpoch` to the epoch of the key it seals under. */
  readonly claims: Claims
  /** The shelf that the scope writes; the common one's tag for a tenant-wide scope, which writes none. */
  readonly shelf: Buffer
  /** What the scope's tenant may hold. */
  readonly quota: Quota
  /** What is done with content at which score. */
  readonly screening: ScreenPolicy
  /** What the scope's principal may be shown in a time; null: no bound. */
  readonly disclosure: DisclosureBudget | null
}

/**
 * Runs one operation of a scope. When a doorway says that the policy or the epoch is not the standing one, looks again and
 * runs it anew: nothing has been done then.
 */
export function withAccess<T>(kernel: Kernel, scope: ScopeClaims, run: (access: Access) => Promise<T>): Promise<T> {
  return withAccessOf(kernel, () => openAccess(kernel, scope), run)
}

/** As `withAccess`, for an access that is not a scope's: `open` is asked for it anew each time. */
export async function withAccessOf<T>(
  kernel: Kernel,
  open: () => Promise<Access>,
  run: (access: Access) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const access = await open()
    try {
      return await run(access)
    } catch (error) {
      if (!(error instanceof Outdated)) {
        // A key that was opened behind the barrier is let go of, and what is held of it: the erasure waits only for those from before it.
        if (error instanceof MemkeepError && error.code === 'ERR_SCOPE_BARRED') {
          access.keys.forget(access.shelf)
          dropShelves(kernel, access)
        }
        throw error
      }
      if (attempt === 4) {
        throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the scope is being changed', { cause: error, retryable: true })
      }
      await lookAgain(kernel, access, error)
    }
  }
}

/**
 * What `embed` makes of a caller's texts; null where the scope lacks the right, as far as this process knows the policy. An
 * embedder may be somebody else's: no text of a caller who may not goes there. It is asked before the operation's keys are
 * opened, which may be held for less time than it takes; the doorway still decides.
 */
export async function embedAllowed<T>(
  kernel: Kernel,
  scope: ScopeClaims,
  right: number,
  embed: () => Promise<T>,
): Promise<T | null> {
  if (kernel.embedder === null) return embed()
  return hasRight(await openAccess(kernel, scope), right) ? embed() : null
}

/** Those held of the scope's subject, under whatever clearance and reach; of one without a subject, the tenant's. */
function dropShelves(kernel: Kernel, { scope, keys, shelf }: Access): void {
  const tenant = keys.tag.toString('hex')
  kernel.shelves.drop(scope.reach === 'subject' ? `${tenant}/${shelf.toString('hex')}/` : tenant)
}

export function hasRight({ claims }: Access, right: number): boolean {
  return (claims.rights & right) === right
}

async function openAccess(kernel: Kernel, scope: ScopeClaims): Promise<Access> {
  const keys = await kernel.keyring.tenant(scope.tenant)
  const { version, policy, quota, screening, disclosure } = kernel.tenantPolicies.get(keys.tag)
  const shelf = scope.subject === null ? keys.commonTag : keys.subjectTag(scope.subject)
  const claims: Claims = {
    tenant: keys.tag,
    reach: scope.reach,
    shelf,
    tenantEpoch: keys.epoch,
    shelfEpoch: 0,
    ...powersOf(scope.principal, policy ?? kernel.policy),
    principal: keys.principalTag(scope.principal.id),
    policyVersion: version,
  }
  return {
    scope,
    keys,
    claims,
    shelf,
    quota: quota ?? quotaOf(kernel.limits),
    screening: screening ?? kernel.screening.policy,
    disclosure: budgetFor(scope, disclosure ?? kernel.limits.disclosure),
  }
}

function budgetFor({ principal }: ScopeClaims, budget: DisclosureBudget | undefined): DisclosureBudget | null {
  if (budget === undefined || budget.except?.some((role) => principal.roles.includes(role))) return null
  return budget
}

async function lookAgain(kernel: Kernel, access: Access, outdated: Outdated): Promise<void> {
  const { keys } = access
  if (outdated.what === 'epoch') {
    kernel.keyring.forget(keys.tag)
    kernel.shelves.drop(keys.tag.toString('hex'))
    return
  }
  await readStandingTerms(kernel, access)
}

/** The tenant's own policy, quota and screening as they stand, for the accesses that are opened from now on. */
export async function readStandingTerms(kernel: Kernel, access: Access): Promise<void> {
  const { keys } = access
  const [row] = await callRead<EnterRow>(kernel, access, 'enter', [])
  expectOutcome(row?.outcome, 'ok')
  const { policy_version: version, policy } = row!
  kernel.tenantPolicies.set(keys.tag, version, openTerms(await keys.own(), version, policy))
}

interface EnterRow {
  readonly outcome: string
  readonly policy_version: number
  readonly policy: Buffer | null
}

/** One call of a reading doorway: its arguments, the audit detail of its event, and `more` that came later. */
export async function callRead<Row extends object>(
  kernel: Kernel,
  access: Access,
  doorway: string,
  args: readonly unknown[],
  claims: Claims = access.claims,
  more: readonly unknown[] = [],
): Promise<Row[]> {
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const detail = await readDetail(access, event)
  return kernel.doorways.read<Row>({ doorway, claims, event, atMs, args: [...args, detail, ...more] })
}

/** The audit detail of a read: nothing of the subject stands in it, so it is sealed under the tenant's own key. */
export async function readDetail(access: Access, event: string): Promise<Buffer> {
  const key = await access.keys.own()
  const sealed = key.seal('audit', encodeDetail(detailOf(access)), detailContext(event))
  return frameDetail('tenant', key.epoch, sealed)
}

/** The audit detail of a write: sealed under the subject's key, so that it goes when the subject goes. */
export function writeDetail(access: Access, key: DataKey, event: string): Buffer {
  const { agent, session } = access.scope
  const detail = detailOf(access, {
    ...(agent === null ? {} : { agent }),
    ...(session === null ? {} : { session }),
    ...(key.takeMade() ? { keyMade: true } : {}),
  })
  return frameDetail('subject', key.epoch, key.seal('audit', encodeDetail(detail), detailContext(event)))
}

function detailOf({ scope, by }: Access, more: Partial<EventDetail> = {}): EventDetail {
  return eventDetail(scope.principal, by === undefined ? more : { by, ...more })
}
