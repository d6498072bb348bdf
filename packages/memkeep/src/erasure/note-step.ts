import type { ErasureStepName } from '../core/erasure.ts'
import type { StepRow, TryName } from './erasure-record.ts'
import { sealOf } from './note-seal.ts'
import { callStep } from './step-call.ts'
import type { Notes, StepInput } from './steps.ts'

export type NotedRow = StepRow & { readonly outcome: string }

/** Records a step; `endedMs` is null for one that goes on or waits. Null when another process has ended it. */
export async function noteStep(
  { kernel, record, beganMs }: Omit<StepInput, 'scope'>,
  name: ErasureStepName | TryName,
  notes: Notes,
  endedMs: number | null,
): Promise<StepRow | null> {
  const text = JSON.stringify(notes)
  const mac = await sealOf(kernel, record, name, { notes: text, ended_ms: endedMs })
  const args = [record.id, name, beganMs, endedMs, text, mac, null]
  const handled = ['ok', 'conflict']
  const [row] = await callStep<NotedRow>(kernel, record, { doorway: 'note_erasure_step', args, handled })
  return row!.outcome === 'ok' ? row! : null
}
