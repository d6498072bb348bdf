import type { Plan } from './enumerate.ts'
import { notesOf } from './erasure-record.ts'
import { incomplete, type Notes, type StepInput } from './steps.ts'

export interface KeyNotes extends Notes {
  /** Records that the key store had when they were planned, or more when their deletion began; none is left. */
  readonly deleted: number
  /** When no copy of the deleted records opens anything any more (ISO 8601); null when the root key cannot do that. */
  readonly destroyedAt: string | null
  /** Ids of the root keys that were destroyed on the way. */
  readonly roots: readonly string[]
}

/**
 * Deletes the scope's key records, then destroys what wrapped them, at the root too, so that no copy of them opens: the
 * survivors are wrapped anew. Begins when no process holds such a key any more.
 */
export async function destroyKeys({ kernel, record, scope }: StepInput): Promise<KeyNotes> {
  const { destruction } = kernel.keyring
  await destruction.deleteRecords(scope, record.epoch)
  kernel.drop(scope.tenant)
  const { roots, at } = await destruction.destroyWrappers(scope, record.epoch)
  // Records that a process put late, and was killed: the mark was there before they were.
  if ((await destruction.handles(scope, record.epoch)).length > 0) throw incomplete('a key was put meanwhile')
  // The erasure of the tenant may have deleted a subject's beside this one: those of the plan are asked for by the verification.
  const { keyCount } = notesOf<{ plan: Plan }>(record, 'enumerate').plan
  const deleted = Math.max(keyCount, await destruction.deletedRecords(scope, record.epoch))
  return { deleted, destroyedAt: at === null ? null : atByClock(at, kernel.seams.clock.now()), roots }
}

/** The root tells the time of the world; what lies behind it is done now. */
function atByClock(at: Date, nowMs: number): string {
  return (at.getTime() <= Date.now() ? new Date(nowMs) : at).toISOString()
}
