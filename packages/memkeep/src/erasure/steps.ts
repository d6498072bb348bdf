import type { ErasureScope, ErasureTarget, TargetErased } from '../core/erasure.ts'
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

/** Of every target (or of those given) in its order; an error names the target, and nothing of what it holds. */
export async function ofTargets<T>(
  { kernel, scope }: StepInput,
  ask: (target: ErasureTarget, scope: ErasureScope) => Promise<T>,
  targets: readonly ErasureTarget[] = kernel.targets,
): Promise<[name: string, T][]> {
  const answers: [string, T][] = []
  for (const target of targets) {
    try {
      answers.push([target.name, await again(() => ask(target, scope))])
    } catch (cause) {
      const code = cause instanceof MemkeepError ? cause.code : 'an unexpected error'
      throw incomplete(`${target.name} failed (${code})`, cause)
    }
  }
  return answers
}

/** Tells of a store that could not finish: the erasure stays open. */
export function refusePending(answers: readonly (readonly [name: string, TargetErased])[]): void {
  for (const [name, { pending }] of answers) {
    if (pending !== undefined) throw incomplete(`${name}: ${pending}`)
  }
}

/** The erasure stays open at this step and is tried again. */
export function incomplete(why: string, cause?: unknown): MemkeepError {
  return new MemkeepError('ERR_ERASURE_INCOMPLETE', `the erasure is not complete: ${why}`, { cause, retryable: true })
}
