import { MemkeepError } from '../core/errors.ts'

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
}

/** Throws `ERR_INPUT_INVALID` for anything else: a misspelt option would silently leave its default. */
export function checkAudit(given: AuditOptions = {}): Required<AuditOptions> {
  const { reads = 'durable', mergeDelaySeconds = 5, ...unknown } = given
  if (Object.keys(unknown).length > 0 || (reads !== 'durable' && reads !== 'relaxed')) {
    throw new MemkeepError('ERR_INPUT_INVALID', "audit takes mergeDelaySeconds and reads: 'durable' or 'relaxed'")
  }
  if (typeof mergeDelaySeconds !== 'number' || !(mergeDelaySeconds >= 1 && mergeDelaySeconds <= 3600)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'audit.mergeDelaySeconds must be a number from 1 to 3,600')
  }
  return { reads, mergeDelaySeconds }
}
