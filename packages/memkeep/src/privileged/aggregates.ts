import { MemkeepError } from '../core/errors.ts'
import { type Grant, readGrant } from '../core/grant.ts'
import { callOf, type PrivilegedKernel } from './privileged-kernel.ts'

/**
 * What all open tenants hold together. Null where fewer than ten tenants stand behind a number, or one of them for more than half of
 * it; else rounded down to two digits.
 */
export interface AggregateTotals {
  readonly tenants: number | null
  /** Subjects that have memories. */
  readonly subjects: number | null
  readonly memories: number | null
  /** Sealed, with earlier versions and index. */
  readonly bytes: number | null
}

interface TotalRow {
  readonly outcome: string | null
  readonly name: keyof AggregateTotals
  readonly total: number | null
}

/** Totals of the deployment, made so that they tell of no single tenant. Needs a grant with the right `aggregates`. */
export class Aggregates {
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.#kernel = kernel
    this.#grant = grant
    readGrant(grant)
  }

  async totals(): Promise<AggregateTotals> {
    this.#kernel.checkOpen()
    const grant = readGrant(this.#grant)
    const keys = await this.#kernel.keyring.deployment()
    const rows = await this.#kernel.doorways.read<TotalRow>(
      await callOf(this.#kernel, { grant, keys, doorway: 'aggregate', args: [] }),
    )
    if (rows.find((row) => row.outcome !== null)?.outcome !== 'ok') {
      throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
    }
    const of = (name: keyof AggregateTotals) => rows.find((row) => row.name === name)?.total ?? null
    return { tenants: of('tenants'), subjects: of('subjects'), memories: of('memories'), bytes: of('bytes') }
  }
}
