import type pg from 'pg'
import { ownerRoles } from './schema.ts'

/** What the database says about one login and the ground it stands on. Lists are sorted and hold names of the catalogue. */
export interface LoginFacts {
  /** Role that logged in (`session_user`), and the one it acts as now. */
  readonly login: string
  readonly actsAs: string
  /** `server_version_num`. */
  readonly server: number
  /** Start of the server, so that another server behind the same address is noticed. */
  readonly serverStarted: string
  /** Process id of the server process that answered. */
  readonly backend: number
  readonly synchronousCommit: string
  readonly fsync: string
  readonly fullPageWrites: string
  /** Attributes that no login may have, of those it has: superuser, bypassrls, createrole, createdb, replication. */
  readonly attributes: readonly string[]
  /** Roles that the login is a member of, inherited or not. */
  readonly memberOf: readonly string[]
}

/** Everything that an inspection looks at. */
export interface StoreFacts extends LoginFacts {
  /** `role attribute` and `role in role` of the roles without a login. */
  readonly owners: readonly string[]
  /** How many objects belong to the login, in this database or shared by all; large objects apart. */
  readonly owned: number
  readonly largeObjects: number
  /** Tables, views and sequences that the login holds a privilege on (a column's counts). */
  readonly relations: readonly string[]
  /** Tables and functions of the system that PostgreSQL closes to the public and the login may use all the same. */
  readonly closedByDefault: readonly string[]
  /** Kinds of other objects that name the login in their access list. */
  readonly strayGrants: readonly string[]
  /** Of CREATE and TEMP on this database, those that the login holds. */
  readonly database: readonly string[]
  /** Schemas in which the login may create. */
  readonly schemas: readonly string[]
  /** `schema.function` that the login can call outside the system's schemas; one entry for each overload. */
  readonly functions: readonly string[]
  /** Of those in schema memkeep: not SECURITY DEFINER, not of a Memkeep role, or without the pinned search path. */
  readonly loose: readonly string[]
  /** `role: setting` given to a Memkeep role, and dangerous ones given to every role (`all`). */
  readonly settings: readonly string[]
  /**
   * Tables of tenants that row security is not forced on, or that no policy guards. A partition is guarded by having none: then
   * it can be reached through its table alone.
   */
  readonly unforced: readonly string[]
  readonly unguarded: readonly string[]
  /** Whether schema memkeep is there, and its comment. */
  readonly schema: boolean
  readonly note: string | null
}

/** A server that accepts connections but answers nothing must not hold up a caller for ever. */
const timeoutMs = 15_000

const names = (list: readonly string[]): string => list.map((name) => `'${name}'`).join(', ')
const owners = names(ownerRoles)
const userSchema = `n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'`
const bareAttributes = `lateral (values ('superuser', r.rolsuper), ('bypassrls', r.rolbypassrls), ('createrole', r.rolcreaterole),
  ('createdb', r.rolcreatedb), ('replication', r.rolreplication)) as given (attribute, present)`

const ofLogin = `
  session_user::text as login, current_user::text as "actsAs",
  current_setting('server_version_num')::integer as server, pg_postmaster_start_time()::text as "serverStarted",
  pg_backend_pid() as backend,
  current_setting('synchronous_commit') as "synchronousCommit",
  current_setting('fsync') as fsync, current_setting('full_page_writes') as "fullPageWrites",
  array(select given.attribute from pg_roles r, ${bareAttributes} where r.rolname = session_user and given.present order by 1)
    as attributes,
  array(select r.rolname::text from pg_roles r where r.rolname <> session_user and pg_has_role(session_user, r.oid, 'MEMBER')
    order by 1) as "memberOf"`

const ofStore = `
  array(select r.rolname || ' ' || given.attribute from pg_roles r, ${bareAttributes} where r.rolname in (${owners}) and given.present
    union select r.rolname || ' login' from pg_roles r where r.rolname in (${owners}) and r.rolcanlogin
    union select o.rolname || ' in ' || r.rolname from pg_roles o, pg_roles r
      where o.rolname in (${owners}) and r.oid <> o.oid and pg_has_role(o.oid, r.oid, 'MEMBER') order by 1) as owners,
  (select count(*)::integer from pg_shdepend d where d.deptype = 'o' and d.refclassid = 'pg_authid'::regclass
    and d.refobjid = me.oid and d.dbid in (0, here.oid) and d.classid <> 'pg_largeobject'::regclass) as owned,
  (select count(*)::integer from pg_largeobject_metadata o where o.lomowner = me.oid) as "largeObjects",
  array(select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${userSchema} and case
      when c.relkind = 'S' then has_sequence_privilege(session_user, c.oid, 'USAGE, SELECT, UPDATE')
      when c.relkind in ('r', 'p', 'v', 'm', 'f') then
        has_table_privilege(session_user, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'
          || case when current_setting('server_version_num')::integer >= 170000 then ', MAINTAIN' else '' end)
        or has_any_column_privilege(session_user, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
      else false end order by 1) as relations,
  array(select case i.classoid when 'pg_class'::regclass then i.objoid::regclass::text else i.objoid::regprocedure::text end
    from pg_init_privs i where i.objsubid = 0
      and not exists (select from aclexplode(i.initprivs) a where a.grantee = 0 and a.privilege_type in ('SELECT', 'EXECUTE'))
      and case i.classoid
        when 'pg_class'::regclass then has_table_privilege(session_user, i.objoid, 'SELECT')
        when 'pg_proc'::regclass then has_function_privilege(session_user, i.objoid, 'EXECUTE')
        else false end order by 1) as "closedByDefault",
  array(select distinct d.classid::regclass::text from pg_shdepend d where d.deptype = 'a'
    and d.refclassid = 'pg_authid'::regclass and d.refobjid = me.oid and d.dbid in (0, here.oid)
    and d.classid not in ('pg_database'::regclass, 'pg_namespace'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
    order by 1) as "strayGrants",
  array(select p from unnest(array['CREATE', 'TEMP']) p where has_database_privilege(session_user, here.oid, p)) as database,
  array(select n.nspname::text from pg_namespace n where n.nspname !~ '^pg_(toast_)?temp_'
    and has_schema_privilege(session_user, n.oid, 'CREATE') order by 1) as schemas,
  array(select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${userSchema} and has_schema_privilege(session_user, n.oid, 'USAGE')
      and has_function_privilege(session_user, p.oid, 'EXECUTE') order by 1) as functions,
  array(select p.proname::text from pg_proc p where p.pronamespace = memkeep.oid
    and has_function_privilege(session_user, p.oid, 'EXECUTE')
    and not (p.prosecdef and pg_get_userbyid(p.proowner) in (${owners})
      and coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)) order by 1) as loose,
  array(select coalesce(r.rolname, 'all') || ': ' || split_part(s.entry, '=', 1)
    from pg_db_role_setting g cross join unnest(g.setconfig) as s (entry) left join pg_roles r on r.oid = g.setrole
    where g.setdatabase in (0, here.oid) and (r.oid = me.oid or r.rolname ~ '^memkeep_' or g.setrole = 0
      and s.entry ~* '^(search_path|row_security|synchronous_commit|role|memkeep[.].*)=') order by 1) as settings,
  array(select c.relname::text from pg_class c where c.relnamespace = memkeep.oid and c.relkind in ('r', 'p')
    and c.relname <> 'token_key' and not (c.relrowsecurity and c.relforcerowsecurity) order by 1) as unforced,
  array(select c.relname::text from pg_class c where c.relnamespace = memkeep.oid and c.relkind in ('r', 'p')
    and c.relname <> 'token_key' and c.relispartition = exists (select from pg_policy p where p.polrelid = c.oid)
    order by 1) as unguarded,
  memkeep.oid is not null as schema, obj_description(memkeep.oid, 'pg_namespace') as note
from pg_database here left join pg_roles me on me.rolname = session_user left join pg_namespace memkeep on memkeep.nspname = 'memkeep'
where here.datname = current_database()`

/** The facts that every connection is judged by. One round trip. */
export async function readLoginFacts(client: pg.ClientBase): Promise<LoginFacts> {
  return readAlone<LoginFacts>(client, `select ${ofLogin}`)
}

/** All facts, of one moment. One round trip, a few milliseconds; needs no privilege. */
export async function readStoreFacts(client: pg.ClientBase): Promise<StoreFacts> {
  return readAlone<StoreFacts>(client, `select ${ofLogin}, ${ofStore}`)
}

const ownSettings = { search_path: 'pg_catalog, pg_temp', bytea_output: 'hex', quote_all_identifiers: 'off' }

/**
 * The one row of a query. For this one message the search path is set, so that nothing in the session can stand in for a system table, and
 * what else changes how PostgreSQL writes an expression.
 */
export async function readAlone<Facts extends pg.QueryResultRow>(
  client: pg.ClientBase,
  select: string,
): Promise<Facts> {
  const set = Object.entries(ownSettings).map(([name, value]) => `set_config('${name}', '${value}', true)`)
  const query = { text: `select ${set.join(', ')}; ${select}`, query_timeout: timeoutMs }
  const results = (await client.query(query)) as unknown as pg.QueryResult<Facts>[]
  return results[1]!.rows[0]!
}
