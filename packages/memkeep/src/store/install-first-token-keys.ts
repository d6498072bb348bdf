import type pg from 'pg'
import { withConnection } from './one-connection.ts'
import { installTokenKeys, type VerifyingKey } from './token-keys.ts'

/**
 * `installTokenKeys` by an administrator, who is a member of `memkeep_upkeep` for this one transaction if at all: a
 * database that was just installed serves at once, also before any upkeep has run.
 */
export async function installFirstTokenKeys(admin: pg.ClientConfig, keys: readonly VerifyingKey[]): Promise<void> {
  await withConnection(admin, async (client) => {
    await client.query('begin')
    const { rows } = await client.query<{ may: boolean }>(mayActAsUpkeep)
    const may = rows[0]!.may
    if (!may) await client.query('grant memkeep_upkeep to current_user')
    await client.query('set local role memkeep_upkeep')
    await installTokenKeys(client, keys)
    await client.query('reset role')
    if (!may) await client.query('revoke memkeep_upkeep from current_user')
    // Where anything failed before this, closing the connection rolls it back.
    await client.query('commit')
  })
}

/** Before PostgreSQL 16 every member could act as the role. */
const mayActAsUpkeep = `select case when current_setting('server_version_num')::integer >= 160000
  then pg_has_role('memkeep_upkeep', 'SET') else pg_has_role('memkeep_upkeep', 'MEMBER') end as may`
