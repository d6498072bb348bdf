import type {
  EraseSubjectOptions,
  EraseTenantOptions,
  ErasureScope,
  ErasureView,
  OpenErasure,
  OperatorErasures,
  RunningErasure,
} from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { uuidOrNil } from '../core/ids.ts'
import { rightBits } from '../core/rights.ts'
import { checkId } from '../core/text.ts'
import { held } from './bar.ts'
import { checkConfirm, checkErase } from './check-options.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { nameErasure } from './names.ts'
import { openErasure } from './open-erasure.ts'
import { readRecord } from './read-record.ts'
import { requestErasure } from './request.ts'
import { type ErasurePlace, placeOf } from './step-call.ts'

type ErasedIds = NonNullable<ErasureScope['ids']>

/** How an erasure that was recorded is carried out and looked at. */
export interface Carrier {
  readonly start: (place: ErasurePlace, id: string) => RunningErasure
  readonly view: (place: ErasurePlace, id: string) => Promise<ErasureView | null>
}

/** Erasures by a grant with the right `erase`: its reason stands in the audit event. */
export class OperatorRequests implements OperatorErasures {
  readonly #kernel: ErasureKernel
  readonly #grant: Grant
  readonly #carrier: Carrier

  constructor(kernel: ErasureKernel, grant: Grant, carrier: Carrier) {
    this.#kernel = kernel
    this.#grant = grant
    this.#carrier = carrier
  }

  async eraseSubject(tenant: string, subject: string, options: EraseSubjectOptions): Promise<RunningErasure> {
    const checked = checkErase(options, ['reason', 'after'])
    return this.#ask(tenant, checkId(subject, 'subject', 'ERR_SCOPE_REQUIRED'), checked)
  }

  async eraseTenant(tenant: string, options: EraseTenantOptions): Promise<RunningErasure> {
    const checked = checkErase(options, ['reason', 'confirm'])
    checkConfirm(options, tenant)
    return this.#ask(tenant, null, checked)
  }

  async list(): Promise<OpenErasure[]> {
    const listed: OpenErasure[] = []
    for (const found of await this.#kernel.open(this.#claims())) {
      const open = await openErasure(this.#kernel, found)
      if (open !== null) listed.push(open)
    }
    return listed
  }

  async show(id: string): Promise<ErasureView | null> {
    const place = await this.#find(id)
    return place === null ? null : this.#carrier.view(place, id)
  }

  async resume(id: string, of?: ErasedIds): Promise<RunningErasure> {
    const place = await this.#find(id)
    if (place === null) throw new MemkeepError('ERR_INPUT_INVALID', 'there is no such erasure')
    if (of !== undefined) await this.#name(place, id, of)
    return this.#carrier.start(place, id)
  }

  async #name(place: ErasurePlace, id: string, { tenant, subject }: ErasedIds): Promise<void> {
    checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    if (subject !== null) checkId(subject, 'subject', 'ERR_SCOPE_REQUIRED')
    const record = await readRecord(this.#kernel, place, id)
    if (record.done || (await nameErasure(this.#kernel, place, record, { tenant, subject }))) return
    throw new MemkeepError('ERR_INPUT_INVALID', 'the erasure is not of these')
  }

  /** Each look is an event that names who looked, as a report says whom it was about. */
  async #find(id: string): Promise<ErasurePlace | null> {
    const found = await this.#kernel.find(uuidOrNil(id), this.#claims())
    return found === null ? null : placeOf(found)
  }

  async #ask(
    tenant: string,
    subject: string | null,
    options: { readonly reason: EraseSubjectOptions['reason']; readonly after: 'bar' | 'reopen' },
  ): Promise<RunningErasure> {
    const grant = this.#claims()
    checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    const may = grant.rights.includes('erase')
    // Without the right the refusal stands under the deployment, and does not tell which tenants there are.
    const keys = may ? await this.#kernel.keyring.tenant(tenant) : await this.#kernel.keyring.deployment()
    const shelf = subject === null || !may ? keys.commonTag : keys.subjectTag(subject)
    const { id, outcome } = await requestErasure(this.#kernel, {
      ...options,
      keys,
      claims: {
        tenant: keys.tag,
        reach: subject === null ? 'all' : 'subject',
        shelf,
        tenantEpoch: keys.epoch,
        shelfEpoch: 0,
        clearance: 0,
        writable: 0,
        actors: 0,
        rights: may ? rightBits.erase | rightBits.tenant | rightBits.erasing : 0,
        principal: keys.principalTag(grant.principal.id),
        policyVersion: 0,
      },
      ids: { tenant, subject },
      principal: grant.principal,
      askedBy: 'operator',
      because: grant.reason,
    })
    if (outcome === 'held') throw held()
    if (!may || outcome === 'denied') throw denied()
    if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
    if (outcome === 'epoch') {
      this.#kernel.keyring.forget(keys.tag)
      throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the tenant was reopened', { retryable: true })
    }
    if (outcome !== 'ok') throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
    this.#kernel.seams.reach('erasure.requested')
    return this.#carrier.start({ tenant: keys.tag, kind: subject === null ? 'tenant' : 'subject', subject: shelf }, id)
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

function denied(): MemkeepError {
  return new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}
