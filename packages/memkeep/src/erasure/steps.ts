import type { ErasureScope, TargetErased } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { again } from './step-call.ts'

/** What a step works on. */
export interface StepInput {
  readonly kernel: ErasureKernel
  readonly record: ErasureRecord
  readonly scope: ErasureScope
  /** When the step was begun, by the kernel's clock. */
  readonly beganMs: number
}

/** What a step did, as it is recorded. JSON. */
export type Notes = Readonly<Record<string, unknown>>

/** When a step that ends now has ended: not before the request or the barrier, as the clocks of processes differ. */
export function endOf({ seams }: ErasureKernel, { requestedMs, barredMs }: ErasureRecord): number {
  return Math.max(seams.clock.now(), requestedMs, barredMs ?? 0)
}

/** Of every target in its order; an error names the target, and nothing of what it holds. */
export async function ofTargets<T>(
  { kernel, scope }: StepInput,
  ask: (target: ErasureKernel['targets'][number], scope: ErasureScope) => Promise<T>,
): Promise<[name: string, T][]> {
  const answers: [string, T][] = []
  for (const target of kernel.targets) {
    try {
      answers.push([target.name, await again(() => ask(target, scope))])
    } catch (cause) {
      const code = cause instanceof MemkeepError ? cause.code : 'an unexpected error'
      throw incomplete(`${target.name} failed (${code})`, cause)
    }
  }
  return answers
}

/** What a step did so far, when it cannot finish: it is noted, and the next try goes on from there. */
export class Unfinished extends MemkeepError {
  readonly notes: Notes

  constructor(why: string, notes: Notes) {
    super('ERR_ERASURE_INCOMPLETE', `the erasure is not complete: ${why}`, { retryable: true })
    this.notes = notes
  }
}

/** Tells of a store that could not finish: the erasure stays open, and what the others removed counts. */
export function refusePending(answers: readonly (readonly [name: string, TargetErased])[], notes: Notes): void {
  for (const [name, { pending }] of answers) {
    if (pending !== undefined) throw new Unfinished(`${name}: ${pending}`, notes)
  }
}

/** The erasure stays open at this step and is tried again. */
export function incomplete(why: string, cause?: unknown): MemkeepError {
  return new MemkeepError('ERR_ERASURE_INCOMPLETE', `the erasure is not complete: ${why}`, { cause, retryable: true })
}
