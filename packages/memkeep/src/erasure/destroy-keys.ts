import type { Notes, StepInput } from './steps.ts'

export interface KeyNotes extends Notes {
  /** Records that this erasure deleted, over all tries. */
  readonly deleted: number
  /** True when no copy of the deleted records opens anything any more. */
  readonly destroyed: boolean
}

/** Deletes the scope's key records and lets go of what is open of them here. */
export async function destroyKeys({ kernel, record, scope }: StepInput): Promise<KeyNotes> {
  await kernel.keyring.destruction.deleteRecords(scope, record.epoch)
  kernel.drop(scope.tenant)
  const { plan } = record.steps.get('enumerate')!.notes as { plan: { keyCount: number } }
  return { deleted: plan.keyCount, destroyed: false }
}
