import { type Clock, systemClock } from './clock.ts'
import type { ErasureStepName } from './erasure.ts'
import { type IdSource, randomIds } from './ids.ts'

/** Places where a test may end the process, named for what has just been done. */
export type KillPoint =
  | 'keys.subject-created'
  | 'keys.tenant-created'
  | 'memory.sealed'
  | 'memory.acknowledged'
  | 'tenant.recorded'
  | 'install.migrated'
  | 'upkeep.keys-installed'
  | 'upkeep.expired'
  | 'erasure.requested'
  | 'erasure.delete.batch'
  | 'keys.records-deleted'
  | 'keys.wrap-made'
  | 'keys.subjects-rewrapped'
  | 'keys.root-renewed'
  | 'keys.generation-made'
  | 'keys.tenants-rewrapped'
  | 'keys.root-destroyed'
  | 'keys.retired'
  | 'keys.subject-renewed'
  | 'memory.resealed'
  | `erasure.${ErasureStepName}.done`
  | `erasure.${ErasureStepName}.noted`
  | 'ledger.read'
  | 'ledger.signed'
  | 'ledger.sequenced'
  | 'ledger.ticked'
  | 'artifact.rebuilt'
  | 'ledger.stored-cold'
  | 'ledger.archived'
  | 'ledger.emptied'

/** Everything that is not determined by the calls themselves. For tests and the simulator; production takes the defaults. */
export interface Seams {
  readonly clock: Clock
  readonly ids: IdSource
  /** Called at each kill point. Production does nothing. */
  readonly reach: (point: KillPoint) => void
}

export const productionSeams: Seams = Object.freeze({ clock: systemClock, ids: randomIds, reach: () => {} })
