import { type AuditOptions, MemkeepError } from 'memkeep'

/** What makes the drivers that the environment names. */
export interface AuditDrivers {
  readonly tierAt: (dir: string) => NonNullable<AuditOptions['coldTier']>
  readonly fileWitness: (path: string) => NonNullable<AuditOptions['witness']>
  readonly httpWitness: (url: string, key: string) => NonNullable<AuditOptions['witness']>
}

/**
 * How the ledger is written, as the environment says: MEMKEEP_AUDIT_READS (`durable`, `relaxed`); MEMKEEP_AUDIT_KEEP_READS_DAYS and
 * MEMKEEP_AUDIT_COLD_TIER, a directory, together; MEMKEEP_WITNESS, a file or a URL, with MEMKEEP_WITNESS_KEY for a URL. Throws
 * `ERR_INPUT_INVALID` as `openMemkeep` does.
 */
export function auditSettings(env: NodeJS.ProcessEnv, drivers: AuditDrivers): AuditOptions {
  const { MEMKEEP_AUDIT_READS: reads, MEMKEEP_AUDIT_KEEP_READS_DAYS: days, MEMKEEP_AUDIT_COLD_TIER: dir } = env
  if (days !== undefined && !/^\d{1,4}$/.test(days)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'MEMKEEP_AUDIT_KEEP_READS_DAYS takes a whole number')
  }
  return {
    ...(reads === undefined ? {} : { reads: reads as 'relaxed' }),
    ...(days === undefined ? {} : { keepReadsDays: Number(days) }),
    ...(dir === undefined ? {} : { coldTier: drivers.tierAt(dir) }),
    ...witnessOf(env, drivers),
  }
}

function witnessOf(env: NodeJS.ProcessEnv, drivers: AuditDrivers): Pick<AuditOptions, 'witness'> {
  const { MEMKEEP_WITNESS: place, MEMKEEP_WITNESS_KEY: key } = env
  if (place === undefined) return {}
  if (!/^https?:/.test(place)) return { witness: drivers.fileWitness(place) }
  if (key === undefined) {
    throw new MemkeepError('ERR_INPUT_INVALID', "MEMKEEP_WITNESS_KEY must be the witness's verifier key")
  }
  return { witness: drivers.httpWitness(place, key) }
}
