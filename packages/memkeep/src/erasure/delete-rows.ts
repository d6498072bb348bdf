import {
  type DerivedAction,
  type ErasureScope,
  type ErasureTarget,
  type NotCovered,
  ownCache,
  type TargetErased,
} from '../core/erasure.ts'
import { coverDeletion } from './enter.ts'
import type { Plan } from './enumerate.ts'
import { notesOf } from './erasure-record.ts'
import { callStep } from './step-call.ts'
import { type Notes, ofTargets, refusePending, type StepInput } from './steps.ts'
import { Try, triesOf } from './tries.ts'

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
  /** The tries that are counted in that. */
  readonly tries: readonly string[]
  readonly derived: readonly DerivedAction[]
  readonly notCovered: readonly NotCovered[]
}

/** Removes what was derived from the scope and what other stores hold of it. Throws while one of them is not finished. */
export async function eraseTargets(input: StepInput): Promise<DeriveNotes> {
  const answers = await emptyTargets(input)
  const { deleted, ended: tries } = await triesOf(input, { onlyEnded: true })
  return {
    deleted,
    tries,
    derived: answers.flatMap(([, { derived = [] }]) => derived),
    notCovered: answers.flatMap(([, { notCovered = [] }]) => notCovered).concat(otherCaches(input)),
  }
}

/** Empties every target, or those given. Throws while one of them is not finished. */
export async function emptyTargets(
  input: StepInput,
  targets?: readonly ErasureTarget[],
): Promise<[name: string, TargetErased][]> {
  const attempt = await Try.begin(input)
  const empty = async (target: ErasureTarget, scope: ErasureScope) => {
    const answer = await target.erase(scope)
    await attempt.add(answer.deleted)
    return answer
  }
  const answers = await ofTargets(input, empty, targets).catch(async (error: unknown) => {
    await attempt.end().catch(() => {})
    throw error
  })
  await attempt.end()
  refusePending(answers)
  return answers
}

/** A cache in a process's memory is no other's to empty; nor does a process with such a one know of a shared one. */
function otherCaches({ record }: StepInput): NotCovered[] {
  const { targets } = notesOf<{ plan: Plan }>(record, 'enumerate').plan
  const what =
    'values of the cache in the memory of other processes, and in a shared one that this erasure was not asked for with: sealed under keys that are gone, until their time is over'
  return ownCache in targets ? [{ what, until: null }] : []
}
