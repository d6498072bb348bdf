import type { DerivedAction, NotCovered } from '../core/erasure.ts'
import { coverDeletion } from './enter.ts'
import { isSealed } from './note-seal.ts'
import { callStep } from './step-call.ts'
import { type Notes, ofTargets, refusePending, type StepInput } from './steps.ts'

/** The highest tag: a deletion that has reached it has reached all. */
const last = Buffer.alloc(16, 0xff)

interface DeleteRow {
  readonly outcome: string
  readonly reached: Buffer
  /** JSON. */
  readonly totals: string
}

/** Rows deleted of each table; and when the last backup has gone that could hold them, which is no table's count. */
export interface DeletionNotes extends Notes {
  readonly untilMs: number
}

/**
 * Deletes every row of the scope, a bounded number of shelves in a transaction. Returns how many went of each table, over all calls of this erasure; what deletes after the step has ended
 * adds nothing to them.
 */
export async function deleteRows(input: StepInput): Promise<DeletionNotes> {
  const { kernel, record, beganMs } = input
  const untilMs = await coverDeletion(input)
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const args = [record.id, after, beganMs]
    const [row] = await callStep<DeleteRow>(kernel, record, { doorway: 'delete_scope', args })
    kernel.seams.reach('erasure.delete.batch')
    if (record.kind === 'subject' || row!.reached.equals(last)) {
      return { ...(JSON.parse(row!.totals) as Record<string, number>), untilMs }
    }
    after = row!.reached
  }
}

/** What the step `derive` recorded. */
export interface DeriveNotes extends Notes {
  readonly deleted: Readonly<Record<string, number>>
  readonly derived: readonly DerivedAction[]
  readonly notCovered: readonly NotCovered[]
}

/** Removes what was derived from the scope and what other stores hold of it. Throws while one of them is not finished. */
export async function eraseTargets(input: StepInput): Promise<DeriveNotes> {
  const before = await deletedBefore(input)
  const answers = await ofTargets(input, (target, scope) => target.erase(scope))
  const deleted = { ...before }
  for (const [, each] of answers) {
    for (const [name, number] of Object.entries(each.deleted)) deleted[name] = (deleted[name] ?? 0) + number
  }
  refusePending(answers, { deleted })
  return {
    deleted,
    derived: answers.flatMap(([, { derived = [] }]) => derived),
    notCovered: answers.flatMap(([, { notCovered = [] }]) => notCovered),
  }
}

/** What earlier tries removed, as they noted it. */
export async function deletedBefore({ kernel, record }: StepInput): Promise<Record<string, number>> {
  if (!(await isSealed(kernel, record, 'derive'))) return {}
  return { ...(record.steps.get('derive')!.notes as Partial<DeriveNotes>).deleted }
}
