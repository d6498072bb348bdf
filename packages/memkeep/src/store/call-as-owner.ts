import type pg from 'pg'
import { storeFailure } from './failure.ts'
import { withConnection } from './one-connection.ts'

/**
 * Calls a doorway that no login may call, by an administrator who is a member of `memkeep_owner` for this one call if at all. The
 * call is a transaction of its own, as a token asks for; `before` runs once it is sure that it may be made. Where the process ends between the membership and its end, the next
 * `memkeep migrate` ends it.
 */
export async function callAsOwner<Row extends pg.QueryResultRow>(
  admin: pg.ClientConfig,
  doorway: string,
  values: readonly unknown[],
  before: () => Promise<void>,
): Promise<Row[]> {
  return withConnection(admin, async (client) => {
    const { rows } = await client.query<{ may: boolean }>(mayActAsOwner)
    const may = rows[0]!.may
    if (!may) await client.query('grant memkeep_owner to current_user')
    try {
      await client.query('set role memkeep_owner')
      await before()
      const places = values.map((_, i) => `$${i + 1}`).join(', ')
      return (await client.query<Row>(`select * from memkeep.${doorway}(${places})`, [...values])).rows
    } catch (error) {
      throw storeFailure(error)
    } finally {
      await client.query('reset role')
      if (!may) await client.query('revoke memkeep_owner from current_user')
    }
  })
}

/** Before PostgreSQL 16 every member could act as the role. */
const mayActAsOwner = `select case when current_setting('server_version_num')::integer >= 160000
  then pg_has_role('memkeep_owner', 'SET') else pg_has_role('memkeep_owner', 'MEMBER') end as may`
