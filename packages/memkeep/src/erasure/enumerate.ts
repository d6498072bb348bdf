import { createHash } from 'node:crypto'
import type { ErasureScope, ErasureTarget } from '../core/erasure.ts'
import { connectorStore } from './connector-target.ts'
import type { HeldRow } from './erasure-kernel.ts'
import { callStep } from './step-call.ts'
import { type Notes, ofTargets, type StepInput } from './steps.ts'

/** The plan of an erasure: every place to visit, and what was there when it was made. */
export interface Plan {
  /** Rows of each table. */
  readonly stores: Readonly<Record<string, number>>
  /** What each other store holds; null when it could not be asked, or does not know subjects. No process ends the erasure that does not know each of them. */
  readonly targets: Readonly<Record<string, Readonly<Record<string, number | null>>>>
  /** Names of key records; of very many the first ones, and how many there were. */
  readonly keys: readonly string[]
  readonly keyCount: number
  /** Some of what was there, by id: no read path may bring it afterwards. */
  readonly known: Known
}

export interface Known {
  readonly memories: readonly string[]
  readonly held: readonly string[]
  readonly artifacts: readonly string[]
}

interface KnownRow {
  readonly outcome: string | null
  readonly what: string
  readonly id: string
}

/** Connectors that the process which made the plan was not opened with, among its targets. */
export const elsewhere = 'elsewhere'

/** Key records that a plan names one by one. */
const namedKeys = 2000

/** Looks at every table, key and other store that can hold something of the scope, and stores what it found: the plan. */
export async function enumerateScope(input: StepInput): Promise<Notes & { plan: Plan; digest: string }> {
  const { kernel, record, scope } = input
  const keys = await kernel.keyring.destruction.handles(scope, record.epoch)
  const plan: Plan = {
    stores: heldOf(await callStep<HeldRow>(kernel, record, { doorway: 'inspect_scope', args: [] })),
    targets: Object.fromEntries([
      ...(await ofTargets(input, (target) => inventoryOf(target, scope))),
      ...(kernel.elsewhere.length === 0 ? [] : [[elsewhere, unaskedOf(kernel.elsewhere.map(connectorStore))] as const]),
    ]),
    keys: keys.slice(0, namedKeys),
    keyCount: keys.length,
    known: knownOf(await callStep<KnownRow>(kernel, record, { doorway: 'known_of_scope', args: [] })),
  }
  return { plan, digest: digestOf(plan) }
}

/** Each of its stores is in the plan, also one that cannot be asked now. */
async function inventoryOf(target: ErasureTarget, scope: ErasureScope): Promise<Record<string, number | null>> {
  return { ...unaskedOf(target.stores), ...(await target.inventory(scope)) }
}

function unaskedOf(stores: readonly string[]): Record<string, null> {
  return Object.fromEntries(stores.map((name) => [name, null]))
}

function knownOf(rows: readonly KnownRow[]): Known {
  const of = (what: string) => rows.filter((row) => row.what === what).map(({ id }) => id)
  return { memories: of('memory'), held: of('held'), artifacts: of('artifact') }
}

export function digestOf(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex')
}

/** Counts by table. */
export function heldOf(rows: readonly HeldRow[]): Record<string, number> {
  return Object.fromEntries(rows.filter((row) => row.outcome === null).map(({ name, held }) => [name, held]))
}
