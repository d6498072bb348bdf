import type { Client } from 'pg'

// Advisory locks in the lock database: PostgreSQL forgets their holder the moment its connection dies.
const space = 0x6d6b
const attended = 1
const inUse = 2

/** Says that the server has a living supervisor and is set up: openers wait for this. */
export async function announceSupervisor(client: Client): Promise<void> {
  await client.query('select pg_advisory_lock($1, $2)', [space, attended])
}

/** @returns whether a supervisor has announced itself */
export async function hasSupervisor(client: Client): Promise<boolean> {
  const sql = `select from pg_locks where locktype = 'advisory' and granted and objsubid = 2
    and database = (select oid from pg_database where datname = current_database()) and classid = $1 and objid = $2`
  const { rowCount } = await client.query(sql, [space, attended])
  return rowCount === 1
}

/** Keeps the server up until the connection ends. Waits, and then fails, when the server is about to stop. */
export async function markInUse(client: Client): Promise<void> {
  await client.query('select pg_advisory_lock_shared($1, $2)', [space, inUse])
}

/** @returns whether nobody keeps the server up; from then on nobody can, so the caller must stop the server */
export async function closeToOpeners(client: Client): Promise<boolean> {
  const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as closed', [space, inUse])
  return rows[0].closed
}
