import { MemkeepError } from '../core/errors.ts'
import type { ColdTier } from './cold-tier.ts'
import type { Witness } from './witness.ts'

/** How a keep writes its ledger. */
export interface AuditOptions {
  /**
   * `durable` (default): a read answers once its event is on disk. `relaxed`: it does not wait. A crash of the database server then
   * loses the events of the last moments (at most three times `wal_writer_delay`: 0.6 s unless set otherwise), and what those
   * reads disclosed stays unaccounted for. Writes, deletions, exports and administration always wait.
   */
  readonly reads?: 'durable' | 'relaxed'
  /**
   * The longest time until an event has its place in the signed log, while upkeep runs in this process. Until then whoever owns the
   * database could drop it unseen. From 1 to 3,600. Default 5.
   */
  readonly mergeDelaySeconds?: number
  /**
   * How many days reads stay in the database, from 1 to 420; whole periods of 30 days go at a time, so up to 30 days longer. They go
   * to `coldTier`, and nowhere without one. Default: for ever. Writes, deletions, exports and administration stay for ever.
   */
  readonly keepReadsDays?: number
  /** Where reads go then: `directoryColdTier` of `memkeep/cold/directory`. */
  readonly coldTier?: ColdTier
  /**
   * Who remembers the log's head outside the database: `fileWitness` of `memkeep/witness/file`, `httpWitness` of
   * `memkeep/witness/http`. The keep does not open on a database that was set back behind what it saw (`ERR_STORE_ROLLED_BACK`), nor
   * while it cannot be asked. Upkeep shows it the newest head with each pass.
   */
  readonly witness?: Witness
}

/** The settings as they hold; no retention: reads stay for ever. */
export interface CheckedAudit {
  readonly reads: 'durable' | 'relaxed'
  readonly mergeDelaySeconds: number
  readonly retention: { readonly days: number; readonly tier: ColdTier } | null
  readonly witness: Witness | null
}

/** Throws `ERR_INPUT_INVALID` for anything else: a misspelt option would silently leave its default. */
export function checkAudit(given: AuditOptions = {}): CheckedAudit {
  const { reads = 'durable', mergeDelaySeconds = 5, keepReadsDays, coldTier, witness = null, ...unknown } = given
  if (Object.keys(unknown).length > 0 || (reads !== 'durable' && reads !== 'relaxed')) {
    throw new MemkeepError(
      'ERR_INPUT_INVALID',
      "audit takes reads ('durable' or 'relaxed'), mergeDelaySeconds, keepReadsDays, coldTier and witness",
    )
  }
  if (typeof mergeDelaySeconds !== 'number' || !(mergeDelaySeconds >= 1 && mergeDelaySeconds <= 3600)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'audit.mergeDelaySeconds must be a number from 1 to 3,600')
  }
  return { reads, mergeDelaySeconds, retention: checkRetention(keepReadsDays, coldTier), witness }
}

function checkRetention(days: number | undefined, tier: ColdTier | undefined): CheckedAudit['retention'] {
  if (days === undefined && tier === undefined) return null
  if (days === undefined || tier === undefined) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'audit.keepReadsDays and audit.coldTier are given together')
  }
  // A period comes round again after 16 of them: by then it must have been emptied.
  if (!Number.isInteger(days) || days < 1 || days > 420) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'audit.keepReadsDays must be a whole number from 1 to 420')
  }
  return { days, tier }
}
