import pg from 'pg'
import { MemkeepError } from '../core/errors.ts'
import {
  doorwayFiles,
  doorwaysDigest,
  functionsOf,
  grantsText,
  guardFiles,
  loginRoles,
  ownerRoles,
  parseSchemaNote,
  policiesText,
  type SqlFile,
  schemaVersion,
  tableFiles,
} from './schema.ts'
import { scramVerifier } from './scram.ts'

const leavingFunctions = [
  'lo_creat',
  'lo_create',
  'lo_from_bytea',
  'lo_import',
  'lo_put',
  'lo_unlink',
  'lowrite',
  'pg_logical_emit_message',
]

/** Passwords for the two logins; a login whose password is not given keeps the one it has. */
export interface LoginPasswords {
  readonly app?: string
  readonly upkeep?: string
}

/**
 * Installs or upgrades the schema in the database of `admin`, in one transaction under an advisory lock: all of it or
 * nothing, and two installers at once are one after the other. `admin` is a superuser, or a role with CREATEROLE that owns
 * the database (docs/install.md lists its exact rights). `again` applies functions, policies and grants anew although the
 * schema says that it has them: the repair of what an inspection found altered.
 * Returns whether anything was changed. Throws `ERR_STORE_VERSION` when the schema is newer than this code.
 */
export async function install(
  admin: pg.ClientConfig,
  passwords: LoginPasswords = {},
  options: { readonly again?: boolean } = {},
): Promise<boolean> {
  const client = new pg.Client(admin)
  // A connection lost between two statements fails the next one; without a listener it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await inTransaction(client, () => installWith(client, passwords, options.again ?? false))
  } finally {
    await client.end()
  }
}

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  // Roles belong to the cluster and advisory locks to a database: two databases of one cluster may still meet on a role.
  for (let attempt = 1; ; attempt++) {
    await client.query('begin')
    try {
      const result = await work()
      await client.query('commit')
      return result
    } catch (error) {
      // On a lost connection there is nothing to roll back, and the first error is the one to tell.
      await client.query('rollback').catch(() => {})
      if (attempt === 20 || !isRoleRace(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt))
    }
  }
}

function isRoleRace(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string }
  return code === '42710' || code === '23505' || (code === 'XX000' && message === 'tuple concurrently updated')
}

async function installWith(client: pg.Client, passwords: LoginPasswords, again: boolean): Promise<boolean> {
  // Nothing in the administrator's own search path may stand in for a function or operator that the SQL files name.
  await client.query('set local search_path = pg_catalog, pg_temp')
  await client.query('select pg_advisory_xact_lock(4937012)')
  await ensureRoles(client, passwords)
  const installed = await installedVersion(client)
  if (installed !== null && installed.version > schemaVersion) {
    throw new MemkeepError('ERR_STORE_VERSION', 'the schema was made by a newer version of Memkeep')
  }
  await closeToPublic(client)
  if (!again && installed?.version === schemaVersion && installed.digest === doorwaysDigest()) return false
  await applyAll(client, installed?.version ?? 0)
  return true
}

async function ensureRoles(client: pg.Client, passwords: LoginPasswords): Promise<void> {
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any ($1)', [
    [...ownerRoles, ...loginRoles],
  ])
  const present = new Set(rows.map((row) => row.rolname))
  for (const role of ownerRoles) if (!present.has(role)) await client.query(`create role ${role} nologin noinherit`)
  for (const role of loginRoles) {
    if (!present.has(role)) await client.query(`create role ${role} login noinherit`)
    const password = role === 'memkeep_app' ? passwords.app : passwords.upkeep
    if (password !== undefined) {
      await client.query(`alter role ${role} password ${client.escapeLiteral(scramVerifier(password))}`)
    }
  }
}

async function installedVersion(client: pg.Client): Promise<{ version: number; digest: string } | null> {
  const { rows } = await client.query<{ note: string | null }>(
    "select obj_description(oid, 'pg_namespace') as note from pg_namespace where nspname = 'memkeep'",
  )
  return rows[0] === undefined ? null : parseSchemaNote(rows[0].note)
}

/** Rights on the database itself: these do not travel when a database is made from a template. */
async function closeToPublic(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name')
  const database = client.escapeIdentifier(rows[0]!.name)
  await client.query(`revoke all on database ${database} from public`)
  await client.query(`grant connect on database ${database} to ${loginRoles.join(', ')}`)
  // As its owner, for an administrator that does not inherit would be told "no privileges could be revoked" and no more.
  // Where it belongs to somebody else (a cluster of before PostgreSQL 15), the inspection tells what is open.
  const { rows: owners } = await client.query<{ owner: string }>(
    `select nspowner::regrole::text as owner from pg_namespace where nspname = 'public' and pg_has_role(nspowner, 'MEMBER')`,
  )
  for (const { owner } of owners) await asRole(client, owner, 'revoke all on schema public from public')
  await closeBesideDoorways(client)
}

/**
 * What PostgreSQL lets every login leave behind without a table: large objects, and messages in the WAL. Only a superuser can
 * close them; docs/install.md has the statement for one. Functions that are closed already are left as they are.
 */
async function closeBesideDoorways(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ signature: string }>(
    `select p.oid::regprocedure::text as signature from pg_proc p
     where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any ($1)
       and has_function_privilege('public', p.oid, 'EXECUTE')
       and (select rolsuper from pg_roles where rolname = current_user)`,
    [leavingFunctions],
  )
  for (const { signature } of rows) await client.query(`revoke execute on function ${signature} from public`)
}

async function applyAll(client: pg.Client, from: number): Promise<void> {
  const { rows } = await client.query<{ admin: string; super: boolean }>(
    'select current_user as admin, rolsuper as super from pg_roles where rolname = current_user',
  )
  const { admin, super: isSuper } = rows[0]!
  const roles = ownerRoles.join(', ')
  if (!isSuper) await client.query(`grant ${roles} to ${client.escapeIdentifier(admin)}`)
  for (const role of ownerRoles) {
    await asRole(client, role, 'alter default privileges revoke execute on functions from public')
    await asRole(client, role, 'alter default privileges revoke usage on types from public')
  }
  if (from === 0) await client.query('create schema memkeep authorization memkeep_owner')
  await asRole(client, 'memkeep_owner', `grant usage on schema memkeep to ${roles}, ${loginRoles.join(', ')}`)
  await asRole(client, 'memkeep_owner', `grant create on schema memkeep to ${roles}`)
  await applyTables(client, from)
  // So that who asks how fast the ledger grows knows since when, without a privilege on any row.
  if (from === 0) await asRole(client, 'memkeep_owner', `comment on table memkeep.event is 'begun ${Date.now()}'`)
  const files = [...guardFiles(), ...doorwayFiles()]
  for (const file of files) await applyFile(client, file)
  await dropStrangers(client)
  for (const file of files) await closeFile(client, file)
  await asRole(client, 'memkeep_owner', grantsText())
  await asRole(client, 'memkeep_owner', policiesText())
  const withoutOwner = ownerRoles.filter((role) => role !== 'memkeep_owner').join(', ')
  await asRole(client, 'memkeep_owner', `revoke create on schema memkeep from ${withoutOwner}`)
  const note = `memkeep schema ${schemaVersion} doorways ${doorwaysDigest()}`
  await asRole(client, 'memkeep_owner', `comment on schema memkeep is ${client.escapeLiteral(note)}`)
  if (!isSuper) await client.query(`revoke ${roles} from ${client.escapeIdentifier(admin)}`)
}

async function applyTables(client: pg.Client, from: number): Promise<void> {
  for (const file of tableFiles()) {
    if (file.number > from) await asRole(client, file.owner, file.text)
  }
  // Forced for the owner too: nobody but a superuser reads a tenant's table without a policy.
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'memkeep'::regnamespace and relkind in ('r', 'p')
       and not (relrowsecurity and relforcerowsecurity)`,
  )
  for (const { name } of rows) {
    if (name === 'token_key') continue
    const table = `memkeep.${client.escapeIdentifier(name)}`
    await asRole(client, 'memkeep_owner', `alter table ${table} enable row level security, force row level security`)
  }
}

async function applyFile(client: pg.Client, file: SqlFile): Promise<void> {
  await asRole(client, file.owner, file.text)
  for (const type of file.text.matchAll(/create type memkeep\.(\w+)/g)) {
    await asRole(client, file.owner, `grant usage on type memkeep.${type[1]} to ${ownerRoles.join(', ')}`)
  }
}

/** Leaves what a file made to its callers alone. */
async function closeFile(client: pg.Client, file: SqlFile): Promise<void> {
  for (const name of functionsOf(file)) {
    await asRole(client, file.owner, `revoke all on function memkeep.${name} from public, ${loginRoles.join(', ')}`)
    await asRole(client, file.owner, `grant execute on function memkeep.${name} to ${file.callers.join(', ')}`)
  }
}

/** Functions that this transaction did not make: an earlier version's, or an overload, would be a door left open. */
async function dropStrangers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ signature: string; owner: string }>(
    `select p.oid::regprocedure::text as signature, r.rolname as owner from pg_proc p join pg_roles r on r.oid = p.proowner
     where p.pronamespace = 'memkeep'::regnamespace and p.xmin <> pg_current_xact_id()::xid`,
  )
  for (const { signature, owner } of rows)
    await asRole(client, client.escapeIdentifier(owner), `drop routine ${signature}`)
}

async function asRole(client: pg.Client, role: string, sql: string): Promise<void> {
  await client.query(`set local role ${role}`)
  await client.query(sql)
  await client.query('reset role')
}
