import type { ErasedStore } from '../core/erasure.ts'
import { type DeletionNotes, type DeriveNotes, deleteRows, emptyTargets } from './delete-rows.ts'
import type { KeyNotes } from './destroy-keys.ts'
import { heldOf, type Plan } from './enumerate.ts'
import type { HeldRow } from './erasure-kernel.ts'
import { notesOf } from './erasure-record.ts'
import { probe } from './probe.ts'
import { callStep, stepCall } from './step-call.ts'
import { incomplete, type Notes, ofTargets, type StepInput } from './steps.ts'
import { triesOf } from './tries.ts'

export interface VerifyNotes extends Notes {
  readonly stores: readonly ErasedStore[]
  /** Tables counted by two roles that agree. */
  readonly counted: number
  /** Questions to the read paths, of which none brought anything. */
  readonly probes: number
  /** Key records that the plan names, each of which answers that it is gone. */
  readonly keysGone: number
}

/**
 * Counts again what is left, by the erasing role and by another whose policies ask for the tenant alone; asks every other
 * store, and every read path for what was there; and looks for each recorded key. What is found is deleted once more (the barrier stands, so there can be no rows; nothing keeps an outside store from being filled).
 * Throws `ERR_ERASURE_INCOMPLETE` when anything is left, or when the two counts differ.
 */
export async function verifyScope(input: StepInput): Promise<VerifyNotes> {
  let counts = await countLeft(input)
  if (leftIn(counts).length > 0) {
    await deleteRows(input)
    counts = await countLeft(input)
  }
  const left = leftIn(counts)
  if (left.length > 0) throw incomplete(`rows are left in ${left.join(', ')}`)
  let inTargets = await ofTargets(input, (target, scope) => target.verify(scope))
  const full = inTargets.filter(([, held]) => leftIn(held).length > 0).map(([name]) => name)
  if (full.length > 0) {
    await emptyTargets(
      input,
      input.kernel.targets.filter(({ name }) => full.includes(name)),
    )
    inTargets = await ofTargets(input, (target, scope) => target.verify(scope))
  }
  const remaining = Object.assign({}, ...inTargets.map(([, held]) => held)) as Record<string, number>
  const filled = leftIn(remaining)
  if (filled.length > 0) throw incomplete(`something is left in ${filled.join(', ')}`)
  const { untilMs, ...rows } = notesOf<DeletionNotes>(input.record, 'delete')
  const derive = notesOf<DeriveNotes>(input.record, 'derive')
  const deleted: Record<string, number> = { ...(rows as Record<string, number>), ...derive.deleted }
  const late = await triesOf(input, { counted: derive.tries })
  if (late.underWay) throw incomplete('another process has not said yet what it removed of other stores')
  for (const [name, number] of Object.entries(late.deleted)) {
    deleted[name] = (deleted[name] ?? 0) + number
  }
  const names = [...new Set([...Object.keys(deleted), ...Object.keys(remaining)])]
  const stores = names.map((name) => ({ name, deleted: deleted[name] ?? 0, remaining: 0 }))
  const counted = Object.keys(counts).length
  return { stores, counted, probes: await probe(input), keysGone: await countGone(input) }
}

/** Rows that each table still holds, by two roles that agree. */
async function countLeft({ kernel, record }: StepInput): Promise<Record<string, number>> {
  const own = heldOf(await callStep<HeldRow>(kernel, record, { doorway: 'inspect_scope', args: [] }))
  const again = heldOf(await kernel.recount(await stepCall(kernel, record, [])))
  for (const name of new Set([...Object.keys(own), ...Object.keys(again)])) {
    if (own[name] !== again[name]) throw incomplete(`two counts of ${name} differ`)
  }
  return own
}

function leftIn(counts: Readonly<Record<string, number>>): string[] {
  return Object.keys(counts).filter((name) => counts[name] !== 0)
}

async function countGone({ kernel, record, scope }: StepInput): Promise<number> {
  const { keys } = notesOf<{ plan: Plan }>(record, 'enumerate').plan
  const { destruction } = kernel.keyring
  // Whatever the plan names: by the key store itself.
  const isLeft = async () => (await destruction.handles(scope, record.epoch)).length > 0
  if (await isLeft()) {
    // As rows that are found: a process that was killed over its write put one behind that step.
    await destruction.deleteRecords(scope, record.epoch)
    await destruction.destroyWrappers(scope, record.epoch)
  }
  if (await isLeft()) throw incomplete('a key is still there')
  for (const name of keys) {
    if (!(await destruction.isGone(name))) throw incomplete('a recorded key is still there')
  }
  const { roots, destroyedAt } = notesOf<KeyNotes>(record, 'keys')
  const due = destroyedAt !== null && Date.parse(destroyedAt) <= kernel.seams.clock.now()
  for (const id of due ? roots : []) {
    if (!(await destruction.isRootGone(id))) throw incomplete('a root key that was to be destroyed still answers')
  }
  return keys.length
}
