import type { TestDatabase } from '../../../../test/database.ts'

/** A row of `memkeep.log`. */
export interface LogRow {
  readonly tenant: Buffer
  readonly line: number
  readonly size: string
  readonly signed_ms: string
  readonly note: string
}

/** Puts a log back to an older, genuine head, as whoever owns the database can: what was sequenced since is gone. */
export async function cutLog({ query }: TestDatabase, { tenant, size, note, signed_ms }: LogRow): Promise<void> {
  const since = 'select event from memkeep.log_entry where tenant = $1 and seq >= $2'
  await query(`delete from memkeep.event where tenant = $1 and id in (${since})`, [tenant, size])
  await query('delete from memkeep.log_entry where tenant = $1 and seq >= $2', [tenant, size])
  await query('delete from memkeep.checkpoint where tenant = $1 and size > $2', [tenant, size])
  await query('delete from memkeep.anchor where tenant = $1', [tenant])
  const to = [size, note, signed_ms, tenant]
  await query('update memkeep.log set size = $1, note = $2, signed_ms = $3 where tenant = $4', to)
}
