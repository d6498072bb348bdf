import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { uuidOrNil } from '../core/ids.ts'
import { checkId, checkText } from '../core/text.ts'
import { callOf, outcomeOf, type PrivilegedKernel, placeOf } from './privileged-kernel.ts'

export interface HoldInput {
  readonly tenant: string
  /** Null: the tenant as a whole. Always said, never a default. */
  readonly subject: string | null
  /** At most 1,000 bytes; sealed. */
  readonly reason: string
}

export interface Hold {
  readonly id: string
  /** `tenant` for one on the tenant as a whole. */
  readonly on: 'tenant' | 'subject'
  readonly reason: string
  readonly placedAt: Date
  readonly releasedAt: Date | null
}

interface HoldRow {
  readonly outcome: string | null
  readonly id: string
  readonly subject: Buffer
  readonly reason: Buffer
  readonly placed_ms: number
  readonly released_ms: number | null
}

/** Legal holds: while one stands, what it covers is not erased, and an erasure that is asked for says so. Needs the right `holds`. */
export class Holds {
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.#kernel = kernel
    this.#grant = grant
    this.#claims()
  }

  /** Throws `ERR_SCOPE_BARRED` when an erasure has set its barrier: the hold comes too late. */
  async place(input: HoldInput): Promise<{ id: string }> {
    const grant = this.#claims()
    const tenant = checkId(input.tenant, 'tenant', 'ERR_SCOPE_REQUIRED')
    const subject = input.subject === null ? null : checkId(input.subject, 'subject', 'ERR_SCOPE_REQUIRED')
    const reason = checkText(input.reason, 'reason', 1000)
    const keys = await placeOf(this.#kernel, grant, 'holds', tenant)
    const id = this.#kernel.seams.ids.uuid(this.#kernel.seams.clock.now())
    const sealed = (await keys.own()).seal('name', Buffer.from(reason, 'utf8'), contextOf(id))
    const on =
      subject === null ? ({ reach: 'all' } as const) : ({ reach: 'subject', shelf: keys.subjectTag(subject) } as const)
    expectDone(await outcomeOf(this.#kernel, { grant, keys, doorway: 'place_hold', args: [id, sealed], on }))
    return { id }
  }

  /** False when no hold of the tenant with this id stands. */
  async release(tenant: string, id: string): Promise<boolean> {
    const grant = this.#claims()
    const keys = await placeOf(this.#kernel, grant, 'holds', checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    const outcome = await outcomeOf(this.#kernel, { grant, keys, doorway: 'release_hold', args: [uuidOrNil(id)] })
    if (outcome === 'missing') return false
    expectDone(outcome)
    return true
  }

  /** Holds of a tenant, released ones too, newest first. */
  async list(tenant: string): Promise<Hold[]> {
    const grant = this.#claims()
    const keys = await placeOf(this.#kernel, grant, 'holds', checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'list_holds', args: [] })
    const rows = await this.#kernel.doorways.read<HoldRow>(call)
    expectDone(rows.find((row) => row.outcome !== null)?.outcome)
    const key = await keys.own()
    return rows
      .filter((row) => row.outcome === null)
      .map((row) => ({
        id: row.id,
        on: row.subject.equals(keys.commonTag) ? ('tenant' as const) : ('subject' as const),
        reason: key.open('name', row.reason, contextOf(row.id)).toString('utf8'),
        placedAt: new Date(row.placed_ms),
        releasedAt: row.released_ms === null ? null : new Date(row.released_ms),
      }))
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

function contextOf(id: string): string[] {
  return ['hold', id, 'reason']
}

function expectDone(outcome: string | null | undefined): void {
  if (outcome === 'unknown') throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
  if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the scope was erased, or is being erased')
  if (outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}
