import type pg from 'pg'
import { readAlone } from './login-facts.ts'

/** A function of schema memkeep. `body`: SHA-256 (hex) of its text; of one whose body is an expression, that expression as PostgreSQL writes it. */
export interface FunctionFacts {
  readonly name: string
  readonly owner: string
  readonly language: string
  readonly definer: boolean
  /** `name=value`, in the order in which they were set. */
  readonly settings: readonly string[]
  readonly body: string
}

/** A row policy. `command` as in `pg_policy.polcmd`, expressions as PostgreSQL writes them. */
export interface PolicyFacts {
  readonly name: string
  readonly table: string
  readonly command: string
  readonly permissive: boolean
  /** Sorted. */
  readonly roles: readonly string[]
  readonly using: string | null
  readonly check: string | null
}

/** What the walls are made of, as it stands in the catalogue. */
export interface WallFacts {
  readonly functions: readonly FunctionFacts[]
  readonly policies: readonly PolicyFacts[]
  /** `table: trigger or rule` of the tables of schema memkeep: Memkeep makes none, and turns none of PostgreSQL's own off. */
  readonly hooks: readonly string[]
  readonly eventTriggers: readonly string[]
  /** Publications that bring tables of schema memkeep elsewhere. */
  readonly publications: readonly string[]
}

const asArray = (what: string, from: string): string => `(select coalesce(json_agg(${what}), '[]') from ${from})`

const walls = `select
  ${asArray(
    `json_build_object('name', p.proname, 'owner', pg_get_userbyid(p.proowner), 'language', l.lanname, 'definer', p.prosecdef,
      'settings', coalesce(p.proconfig, '{}'), 'body', case when p.prosqlbody is null
        then encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') else pg_get_function_sqlbody(p.oid) end)`,
    'pg_proc p join pg_language l on l.oid = p.prolang where p.pronamespace = here.oid',
  )} as functions,
  ${asArray(
    `json_build_object('name', p.polname, 'table', c.relname, 'command', p.polcmd, 'permissive', p.polpermissive,
      'roles', array(select case r when 0 then 'public' else pg_get_userbyid(r) end from unnest(p.polroles) r order by 1),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))`,
    'pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = here.oid',
  )} as policies,
  array(select c.relname || ': ' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = here.oid and (not t.tgisinternal or t.tgenabled <> 'O')
    union select c.relname || ': ' || w.rulename from pg_rewrite w join pg_class c on c.oid = w.ev_class
      where c.relnamespace = here.oid and c.relkind in ('r', 'p') order by 1) as hooks,
  array(select e.evtname::text from pg_event_trigger e where e.evtenabled <> 'D' order by 1) as "eventTriggers",
  array(select p.pubname::text from pg_publication p where p.puballtables
    or exists (select from pg_publication_tables t where t.pubname = p.pubname and t.schemaname = 'memkeep') order by 1) as publications
from pg_namespace here where here.nspname = 'memkeep'`

/** One round trip, some milliseconds; needs no privilege. PostgreSQL 14 or newer, with schema memkeep. */
export async function readWallFacts(client: pg.ClientBase): Promise<WallFacts> {
  return readAlone<WallFacts & pg.QueryResultRow>(client, walls)
}
