import { type AuditOptions, MemkeepError } from 'memkeep'

/**
 * How the ledger is written, as the environment says: MEMKEEP_AUDIT_READS (`durable`, `relaxed`); MEMKEEP_AUDIT_KEEP_READS_DAYS and
 * MEMKEEP_AUDIT_COLD_TIER, a directory, together. `tierAt` makes the cold tier. Throws `ERR_INPUT_INVALID` as `openMemkeep` does.
 */
export function auditSettings(
  env: NodeJS.ProcessEnv,
  tierAt: (dir: string) => NonNullable<AuditOptions['coldTier']>,
): AuditOptions {
  const { MEMKEEP_AUDIT_READS: reads, MEMKEEP_AUDIT_KEEP_READS_DAYS: days, MEMKEEP_AUDIT_COLD_TIER: dir } = env
  if (days !== undefined && !/^\d{1,4}$/.test(days)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'MEMKEEP_AUDIT_KEEP_READS_DAYS takes a whole number')
  }
  return {
    ...(reads === undefined ? {} : { reads: reads as 'relaxed' }),
    ...(days === undefined ? {} : { keepReadsDays: Number(days) }),
    ...(dir === undefined ? {} : { coldTier: tierAt(dir) }),
  }
}
