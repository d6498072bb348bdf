import { MemkeepError } from '../core/errors.ts'
import { lastBackupMs } from './enter.ts'
import { sealOf } from './note-seal.ts'
import { callStep } from './step-call.ts'
import { endOf, type Notes, ofTargets, type StepInput } from './steps.ts'

/** Sets the barrier: from its commit on no write for the scope commits. Throws `ERR_ACCESS_DENIED` when a hold was placed meanwhile. */
export async function bar({ kernel, record, scope, beganMs }: StepInput): Promise<void> {
  const barredMs = record.barredMs ?? endOf(kernel, record)
  const mac = await sealOf(kernel, record, 'bar', { notes: '{}', ended_ms: barredMs })
  const [row] = await callStep<{ readonly outcome: string }>(kernel, record, {
    doorway: 'bar_scope',
    args: [record.id, beganMs, barredMs, mac, lastBackupMs(kernel)],
    handled: ['ok', 'held'],
  })
  if (row!.outcome === 'held') throw held()
  kernel.drop(scope.tenant)
}

/** After the barrier, so that nothing fills a cache again: whatever another store serves of the scope, it serves no longer. */
export async function invalidate(input: StepInput): Promise<Notes> {
  const answers = await ofTargets(input, (target, scope) => target.invalidate(scope))
  return { targets: answers.map(([name]) => name) }
}

export function held(): MemkeepError {
  return new MemkeepError('ERR_ACCESS_DENIED', 'a legal hold stands on this scope: it must be released first')
}
