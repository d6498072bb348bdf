import { MemkeepError } from '../core/errors.ts'

/** How a keep writes its ledger. */
export interface AuditOptions {
  /**
   * `durable` (default): a read answers once its event is on disk. `relaxed`: it does not wait. A crash of the database server then
   * loses the events of the last moments (at most three times `wal_writer_delay`: 0.6 s unless set otherwise), and what those
   * reads disclosed stays unaccounted for. Writes, deletions, exports and administration always wait.
   */
  readonly reads?: 'durable' | 'relaxed'
}

/** Throws `ERR_INPUT_INVALID` for anything else: a misspelt option would silently leave its default. */
export function checkAudit({ reads = 'durable', ...unknown }: AuditOptions = {}): Required<AuditOptions> {
  if (Object.keys(unknown).length > 0 || (reads !== 'durable' && reads !== 'relaxed')) {
    throw new MemkeepError('ERR_INPUT_INVALID', "audit takes reads: 'durable' or 'relaxed'")
  }
  return { reads }
}
