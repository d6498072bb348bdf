import { detailContext, encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import type {
  EraseSubjectOptions,
  EraseTenantOptions,
  ErasureView,
  OperatorErasures,
  ScopeErasures,
} from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { type Grant, readGrant } from '../core/grant.ts'
import { uuidOrNil } from '../core/ids.ts'
import { rightBits } from '../core/rights.ts'
import { readScope, type ScopeClaims, type TenantScope } from '../core/scope.ts'
import { powersOf } from '../policy/policy.ts'
import { openReport } from './attest.ts'
import { held } from './bar.ts'
import { checkConfirm, checkErase } from './check-options.ts'
import { Erasure } from './erasure.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureLedger } from './erasure-ledger.ts'
import { type ErasureRecord, type ErasureRow, recordsOf, viewOf } from './erasure-record.ts'
import { forgetEnded } from './forget-ended.ts'
import { OperatorRequests } from './operator-requests.ts'
import { type RefusedErasure, refusedErasures } from './refused-erasures.ts'
import { requestErasure } from './request.ts'
import { acceptLedger, type GuardReport, guard } from './restore-guard.ts'
import { carryOut } from './saga.ts'
import { callStep, type ErasurePlace, placeOf, stepCall } from './step-call.ts'
import { incomplete } from './steps.ts'
import { RestoreWatch } from './watch-restores.ts'

/** For so long a pass of upkeep begins with erasures. */
const mostMs = 60_000

/** Erasures of one open keep: asks for them, carries them out, and says how they stand. */
export class Erasures {
  readonly #kernel: ErasureKernel
  /** What is under way, with the ids of the erasures. */
  readonly #running = new Map<Promise<unknown>, string>()
  readonly #watch: RestoreWatch
  #open: number | null = null

  constructor(kernel: ErasureKernel) {
    this.#kernel = kernel
    this.#watch = new RestoreWatch(kernel)
  }

  /** Of the scope's subject. Needs the right `erase` (a tenant's policy decides which roles have it). */
  async eraseSubject(scope: TenantScope, options: EraseSubjectOptions): Promise<Erasure> {
    const claims = readScope(scope)
    if (claims.reach !== 'subject') throw new MemkeepError('ERR_SCOPE_REQUIRED', 'a scope of one subject is required')
    if (claims.agent !== null || claims.session !== null) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'a scope of one agent or session does not erase a whole subject')
    }
    return this.#ask(claims, checkErase(options, ['reason', 'after']))
  }

  /** Of the scope's tenant, with every subject. Needs the rights `erase` and `tenant`. */
  async eraseTenant(scope: TenantScope, options: EraseTenantOptions): Promise<Erasure> {
    const claims = readScope(scope)
    if (claims.reach !== 'all') throw new MemkeepError('ERR_SCOPE_REQUIRED', 'a tenant-wide scope is required')
    const checked = checkErase(options, ['reason', 'confirm'])
    checkConfirm(options, claims.tenant)
    return this.#ask(claims, checked)
  }

  /**
   * What a scope can see of its own erasures: those of exactly its subject, or of its tenant; a tenant-wide one
   * is shown a subject's too, by its id (nobody gets a credential for who was erased). Needs the right `erase`.
   */
  of(scope: TenantScope): ScopeErasures {
    const list = async (id: string | null): Promise<ErasureView[]> => {
      this.#kernel.checkOpen()
      const records = await this.#recordsFor(readScope(scope), id)
      return Promise.all(records.map((record) => this.#view(record)))
    }
    return Object.freeze({
      list: () => list(null),
      show: async (id: string) => (await list(uuidOrNil(id)))[0] ?? null,
    })
  }

  /** What a grant with the right `erase` may do, in any tenant. */
  by(grant: Grant): OperatorErasures {
    readGrant(grant)
    return new OperatorRequests(this.#kernel, grant, {
      start: (place, id) => this.#start(place, id),
      view: (place, id) => this.#viewOf(place, id),
    })
  }

  /** Repeats what a restored database or key store does not know of: before anything is served. */
  guard(): Promise<GuardReport> {
    return guard(this.#kernel)
  }

  /** Whether a restore stands that `guard` has not seen. Changes nothing; throws `ERR_STORE_ROLLED_BACK`. */
  checkGuard(): Promise<void> {
    return this.#watch.check()
  }

  /** See `acceptLedger`. */
  acceptLedger(ledger: ErasureLedger): Promise<void> {
    return acceptLedger(this.#kernel, ledger)
  }

  /**
   * Goes on with what was broken off, as far as it can without waiting, and forgets what has ended long enough ago. Begins with no other once a minute has passed, as each may
   * wait for an outside store: those that were tried longest ago come first. The first failure is thrown once all were tried.
   */
  async resumeDue(): Promise<number> {
    const failures: unknown[] = []
    let finished = 0
    const { clock } = this.#kernel.seams
    const endMs = clock.now() + mostMs
    const { found: due, open } = await this.#kernel.due()
    for (const found of due) {
      if (clock.now() >= endMs) break
      // Whoever asked for it here carries it out.
      if ([...this.#running.values()].includes(found.id)) continue
      try {
        const place = placeOf(found)
        const record = await carryOut(this.#kernel, place, found.id, { wait: false, onStep: () => {} })
        if (record.done) finished++
      } catch (error) {
        failures.push(ofErasure(found.id, error))
      }
    }
    this.#open = open - finished
    await forgetEnded(this.#kernel).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
    return finished
  }

  /** How many were open after the last `resumeDue`; null before it. */
  get open(): number | null {
    return this.#open
  }

  /** See `refusedErasures`. */
  refused(): Promise<RefusedErasure[]> {
    return refusedErasures(this.#kernel)
  }

  /** Resolves when nothing of it is under way: those that wait end with `ERR_CLOSED`, and stay open. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#running.keys())
  }

  async #ask(
    scope: ScopeClaims,
    options: { readonly reason: EraseSubjectOptions['reason']; readonly after: 'bar' | 'reopen' },
  ): Promise<Erasure> {
    this.#kernel.checkOpen()
    const { tenant, subject, principal } = scope
    const asked = { ...options, ids: { tenant, subject }, principal, askedBy: 'principal' } as const
    const { place, id } = await this.#kernel.access(scope, async (access) => {
      const row = await requestErasure(this.#kernel, { ...asked, keys: access.keys, claims: access.claims })
      if (row.outcome === 'held') throw held()
      access.expect(row.outcome)
      const { tenant: tag, shelf } = access.claims
      const kind = subject === null ? ('tenant' as const) : ('subject' as const)
      return { place: { tenant: tag, kind, subject: shelf }, id: row.id }
    })
    this.#kernel.seams.reach('erasure.requested')
    return this.#start(place, id)
  }

  #start(place: ErasurePlace, id: string): Erasure {
    const erasure = new Erasure(id, async (onStep) => {
      const record = await carryOut(this.#kernel, place, id, { wait: true, onStep })
      const report = await openReport(this.#kernel, record)
      if (report === null) throw incomplete('it has no report')
      return report
    })
    const running = erasure.done.catch(() => {}).finally(() => this.#running.delete(running))
    this.#running.set(running, id)
    return erasure
  }

  async #viewOf(place: ErasurePlace, id: string | null): Promise<ErasureView | null> {
    const rows = await callStep<ErasureRow>(this.#kernel, place, { doorway: 'list_erasures', args: [id] })
    const [record] = recordsOf(place.tenant, rows)
    return record === undefined ? null : this.#view(record)
  }

  async #view(record: ErasureRecord): Promise<ErasureView> {
    return viewOf(record, await openReport(this.#kernel, record))
  }

  async #recordsFor(scope: ScopeClaims, id: string | null): Promise<ErasureRecord[]> {
    const { doorways, seams } = this.#kernel
    try {
      return await this.#kernel.access(scope, async ({ claims, keys, expect }) => {
        const atMs = seams.clock.now()
        const event = seams.ids.uuid(atMs)
        const key = await keys.own()
        const sealed = key.seal('audit', encodeDetail(eventDetail(scope.principal)), detailContext(event))
        const args = [id, frameDetail('tenant', key.epoch, sealed)]
        const rows = await doorways.read<ErasureRow>({ doorway: 'list_erasures', claims, event, atMs, args })
        expect(rows.find((row) => row.outcome !== null)?.outcome)
        return recordsOf(keys.tag, rows)
      })
    } catch (error) {
      if (!(error instanceof MemkeepError) || error.code !== 'ERR_SCOPE_BARRED' || scope.reach !== 'all') throw error
      return this.#recordsOfErased(scope, id)
    }
  }

  /** An erased tenant has no keys and no policy of its own any more: the deployment's say who may look, and seal who did. */
  async #recordsOfErased({ principal, tenant: named }: ScopeClaims, id: string | null): Promise<ErasureRecord[]> {
    const { doorways, keyring, policy } = this.#kernel
    const needed = rightBits.erase | rightBits.tenant
    const may = (powersOf(principal, policy).rights & needed) === needed
    const tenant = await keyring.tenantTag(named)
    const place: ErasurePlace = { tenant, kind: 'tenant', subject: Buffer.alloc(16) }
    const call = await stepCall(this.#kernel, place, [id], { by: { principal, rights: may ? needed : 0 } })
    const rows = await doorways.read<ErasureRow>({ doorway: 'list_erasures', ...call })
    const outcome = rows.find((row) => row.outcome !== null)?.outcome
    if (outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'the principal may not do this')
    return recordsOf(tenant, rows)
  }
}

/** What kept an erasure open, with its id: whoever runs upkeep asks by that. */
function ofErasure(id: string, error: unknown): unknown {
  if (!(error instanceof MemkeepError)) return error
  const { code, message, retryable } = error
  return new MemkeepError(code, `erasure ${id}: ${message}`, { cause: error, retryable })
}
