import type pg from 'pg'
import { doorwayFiles, doorwaysOf, functionsOf, guardFiles, loginRoles, ownerRoles } from '../../src/store/schema.ts'

/** Says what stands in the live catalogue of `client`'s database against one rule; nothing when the rule holds. */
type CatalogueCheck = (client: pg.ClientBase) => Promise<string[]>

/** The closed list of tables that do not begin with a tenant: token keys, and the directory that finds a key's tenant. */
const tenantless = ['token_key', 'api_key']
/** The one that row security would not help: nobody but its owner holds a privilege on it. */
const unforced = ['token_key']
/** The closed list of doorways that open no token: none can be checked before the first token key is installed. */
const tokenless = ['install_token_key', 'forget_token_keys']
/**
 * Guards that run as their owner: two alone read the token keys and write the registers, one sums what a tenant holds, the rest see lineage,
 * labels, contributors and bars beyond what the call may read, or lock what it may not change.
 */
const sealed = [
  'open_claims',
  'open_token',
  'exceeds_quota',
  'lower_trust',
  'weigh_lines',
  'hold_common',
  'prune_lineage',
  'stored_trusts',
  'behind',
  'contribute',
  'unlearn',
  'retire_key',
  'outdate',
  'hide_derived',
  'admit_key_of',
  'hold_shelf',
  'unpublish',
]
/** The closed list of sequences: the two that hold the ticket of a session's open claims. */
const registers = ['ticket_high', 'ticket_low']

/** A check made of a query that finds violations: one text column. `$1` is the list given. */
function finds(text: string, list: readonly string[] = tenantless): CatalogueCheck {
  return async (client) => {
    const { rows } = await client.query<[string]>({ text, values: [list], rowMode: 'array' })
    return rows.map((row) => row[0]).sort()
  }
}

const ours = `'memkeep'::regnamespace`
const tables = `pg_class c where c.relnamespace = ${ours} and c.relkind in ('r', 'p') and c.relname <> all ($1)`
const functions = `pg_proc p where p.pronamespace = ${ours}`
const roles = [...ownerRoles, ...loginRoles]

const keysStartWithTenant = finds(
  `select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
   left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
   where c.relnamespace = ${ours} and c.relname <> all ($1) and a.attname is distinct from 'tenant'`,
)

const tablesHaveATenantAndAKey = finds(
  `select c.relname from ${tables} and not (
     exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant' and a.attnum = 1
       and a.atttypid = 'bytea'::regtype and a.attnotnull)
     and exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary))`,
)

/** A foreign key must pair tenant with tenant first; an exclusion constraint has no place at all. */
const nothingLinksTwoTenants = finds(
  `select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid
   left join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
   left join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
   where (c.relnamespace = ${ours} or k.confrelid in (select oid from pg_class where relnamespace = ${ours}))
     and (k.contype = 'x' or k.contype = 'f' and not (a.attname = 'tenant' and b.attname = 'tenant')) and $1::text[] is not null`,
)

const rowSecurityIsForced = finds(
  `select c.relname from ${tables} and not (c.relrowsecurity and c.relforcerowsecurity
     and (c.relispartition or exists (select from pg_policy p where p.polrelid = c.oid)))`,
  unforced,
)

/**
 * A partition is reached through its table, under that table's policies, or not at all: it has no policy and no privilege of its own,
 * but that of the one role which empties reads. */
const partitionsAreClosed = finds(
  `select c.relname from ${tables} and c.relispartition and (exists (select from pg_policy p where p.polrelid = c.oid)
     or exists (select from aclexplode(c.relacl) a where a.grantee <> c.relowner
       and not (a.privilege_type = 'TRUNCATE' and pg_get_userbyid(a.grantee) = 'memkeep_retain_door' and c.relname ~ '^event_read_'))
     or exists (select from pg_attribute a where a.attrelid = c.oid and a.attacl is not null))`,
)

/** No subquery (Citus refuses it, and it would read other tables), for doors alone, and none that is always true. */
const policiesArePlain = finds(
  `select c.relname || '.' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = ${ours}
   and (concat(p.polqual::text, p.polwithcheck::text) ~ 'SUBLINK|SUBPLAN'
     or concat(p.polqual::text, p.polwithcheck::text) !~ 'FUNCEXPR'
     or exists (select from unnest(p.polroles) r where r = 0 or pg_get_userbyid(r) <> all ($1)))`,
  [
    'memkeep_door',
    'memkeep_wide_door',
    'memkeep_upkeep_door',
    'memkeep_label_door',
    'memkeep_erase_door',
    'memkeep_derive_door',
    'memkeep_retain_door',
  ],
)

const onlyTablesAndIndexes = finds(
  `select c.relname from pg_class c where c.relnamespace = ${ours} and c.relkind not in ('r', 'p', 'i', 'I', 'c')
     and not (c.relkind = 'S' and c.relname = any ($1))
   union all select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = ${ours} and a.attidentity <> ''
   union all select t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where c.relnamespace = ${ours} and not t.tgisinternal
   union all select r.rulename from pg_rewrite r join pg_class c on c.oid = r.ev_class where c.relnamespace = ${ours}`,
  registers,
)

/** Both are there, unlogged, as wide as a bigint and nobody's column; memkeep_seal owns them and nobody else holds anything on them. */
const registersAreSealed = finds(
  `select name from unnest($1::text[]) name where not exists (
     select from pg_class c join pg_sequence s on s.seqrelid = c.oid
     where c.relnamespace = ${ours} and c.relname = name and c.relkind = 'S' and c.relpersistence = 'u'
       and pg_get_userbyid(c.relowner) = 'memkeep_seal'
       and s.seqtypid = 'bigint'::regtype and s.seqmin = -9223372036854775808 and s.seqmax = 9223372036854775807
       and not exists (select from aclexplode(c.relacl) a where a.grantee <> c.relowner)
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
         and d.refclassid = 'pg_class'::regclass))`,
  registers,
)

/** What anybody may do to tables, columns, types, the schema and the database beside what Memkeep gives. */
const nobodyElseMayTouch: CatalogueCheck = finds(
  `with held (what, acl) as (
     select c.relname::text, c.relacl from pg_class c where c.relnamespace = ${ours}
     union all select c.relname || '.' || a.attname, a.attacl from pg_attribute a join pg_class c on c.oid = a.attrelid
       where c.relnamespace = ${ours} and a.attacl is not null
     union all select t.typname, coalesce(t.typacl, acldefault('T', t.typowner)) from pg_type t
       left join pg_class c on c.oid = t.typrelid
       where t.typnamespace = ${ours} and t.typelem = 0 and (t.typtype <> 'c' or c.relkind = 'c')
     union all select 'schema memkeep', n.nspacl from pg_namespace n where n.oid = ${ours}
     union all select 'schema public', n.nspacl from pg_namespace n where n.nspname = 'public'
     union all select 'database', coalesce(d.datacl, acldefault('d', d.datdba)) from pg_database d
       where d.datname = current_database()
     union all select 'default of ' || pg_get_userbyid(d.defaclrole), d.defaclacl from pg_default_acl d
   )
   select h.what || ': ' || coalesce(r.rolname, 'public') || ' ' || a.privilege_type
   from held h cross join aclexplode(h.acl) a left join pg_roles r on r.oid = a.grantee
   where (a.grantee = 0 or r.rolname = any ($1)) and not (r.rolname is not null
     and (h.what = 'schema memkeep' and a.privilege_type = 'USAGE' or h.what = 'database' and a.privilege_type = 'CONNECT'))`,
  loginRoles,
)

/** The schema's own tables and functions are in the hands of Memkeep's roles alone. */
const nobodyElseIsNamed: CatalogueCheck = finds(
  `with held (what, acl) as (
     select c.relname::text, c.relacl from pg_class c where c.relnamespace = ${ours}
     union all select p.proname, p.proacl from ${functions}
     union all select 'schema', n.nspacl from pg_namespace n where n.oid = ${ours}
   )
   select h.what || ': ' || pg_get_userbyid(a.grantee) from held h cross join aclexplode(h.acl) a
   where a.grantee <> 0 and pg_get_userbyid(a.grantee) <> all ($1)`,
  roles,
)

/** Only its owner may create in the schema: the doors can while they are installed, and not a moment longer. */
const onlyTheOwnerCreates: CatalogueCheck = finds(
  `select r.rolname from pg_roles r where r.rolname = any ($1) and r.rolname <> 'memkeep_owner'
   and has_schema_privilege(r.rolname, 'memkeep', 'CREATE')`,
  roles,
)

const rolesAreBare: CatalogueCheck = finds(
  `select r.rolname from pg_roles r where r.rolname = any ($1) and (r.rolsuper or r.rolbypassrls or r.rolcreaterole
     or r.rolcreatedb or r.rolreplication or r.rolinherit or r.rolcanlogin <> (r.rolname in ('memkeep_app', 'memkeep_upkeep'))
     or exists (select from pg_auth_members m where m.member = r.oid))
   union all select 'no role ' || name from unnest($1::text[]) name where to_regrole(name) is null`,
  roles,
)

/** The roles' own defaults: without them PostgreSQL gives every new function and type to the public. */
const newObjectsAreClosed: CatalogueCheck = finds(
  `select r.rolname || ' ' || kind from pg_roles r cross join unnest(array['f', 'T']) kind where r.rolname = any ($1)
   and not exists (select from pg_default_acl d where d.defaclrole = r.oid and d.defaclnamespace = 0
     and d.defaclobjtype::text = kind and not exists (select from aclexplode(d.defaclacl) a where a.grantee = 0))`,
  ownerRoles,
)

interface FunctionRow {
  readonly name: string
  readonly signature: string
  readonly owner: string
  readonly definer: boolean
  readonly leakproof: boolean
  readonly kind: string
  readonly parsed: boolean
  readonly settings: string[] | null
  readonly arguments: string[] | null
  readonly types: string[]
  readonly body: string
  readonly public: boolean
  readonly callers: string[]
}

async function functionRows(client: pg.ClientBase): Promise<FunctionRow[]> {
  const { rows } = await client.query<FunctionRow>(
    `select p.proname as name, p.oid::regprocedure::text as signature, pg_get_userbyid(p.proowner) as owner, p.prosecdef as definer,
       p.proleakproof as leakproof, p.prokind as kind, p.prosqlbody is not null as parsed, p.proconfig as settings,
       p.proargnames as arguments, array(select t::regtype::text from unnest(p.proargtypes) t) as types,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
       exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as public,
       array(select r from unnest($1::text[]) r where has_function_privilege(r, p.oid, 'EXECUTE')) as callers
     from ${functions} order by 2`,
    [loginRoles],
  )
  return rows
}

/** A check of one function after the other: what is wrong with it, or null. */
function eachFunction(flaw: (row: FunctionRow) => string | null): CatalogueCheck {
  return async (client) =>
    (await functionRows(client)).flatMap((row) => {
      const wrong = flaw(row)
      return wrong === null ? [] : [`${row.signature}: ${wrong}`]
    })
}

const files = [...guardFiles(), ...doorwayFiles()]
const ownerOf = new Map(files.flatMap((file) => functionsOf(file).map((name) => [name, file.owner] as const)))
const doorways = new Set(doorwayFiles().flatMap(functionsOf))

const doorwaysTakeTheTenantFirst = eachFunction(({ name, callers, arguments: names, types }) => {
  if (callers.length === 0 || tokenless.includes(name)) return null
  const first = `${names?.[0]} ${types[0]}, ${names?.[1]} ${types[1]}`
  return first === 'p_tenant bytea, p_token bytea' ? null : `begins with ${first}`
})

/** The very first thing that runs: the initial value of the first variable. */
const doorwaysOpenTheirTokenFirst = eachFunction(({ name, callers, body }) => {
  if (callers.length === 0 || tokenless.includes(name)) return null
  const first = new RegExp(
    `^\\s*declare\\s+c memkeep\\.claims := memkeep\\.open_token\\(p_tenant, p_token, '${name}'\\);`,
  )
  if (!first.test(body)) return 'does not open its token first, with its own name'
  return body.split('open_token').length === 2 ? null : 'opens more than one token'
})

/** Owner, SECURITY DEFINER and search path as the files say; nothing leakproof; plain functions only. */
const functionsAreMadeAsWritten = eachFunction((row) => {
  if (row.owner !== ownerOf.get(row.name)) return `is owned by ${row.owner}`
  if (row.definer !== (doorways.has(row.name) || sealed.includes(row.name))) return `security definer: ${row.definer}`
  if (row.leakproof || row.kind !== 'f') return 'is leakproof, or no plain function'
  const settings = row.settings?.filter((setting) => setting !== 'plan_cache_mode=force_generic_plan')
  const pinned = settings?.length === 1 && settings[0] === 'search_path=pg_catalog, pg_temp'
  // A body in SQL-standard form was bound to its operators and functions when it was made.
  return pinned || (row.settings === null && row.parsed && !row.definer) ? null : 'has no pinned search path'
})

/** A read of every subject is the read of one under another name and, with it, under another owner's policies. */
const twinsAreAlike = finds(
  `select name from unnest($1::text[]) name where not exists (
     select from pg_proc a join pg_proc b on b.pronamespace = a.pronamespace and b.proname = 'wide_' || a.proname
     where a.pronamespace = ${ours} and a.proname = name
       and pg_get_functiondef(a.oid) = replace(pg_get_functiondef(b.oid), b.proname, a.proname))`,
  [...doorways].filter((name) => doorways.has(`wide_${name}`)),
)

const loginsCallTheirDoorwaysAlone: CatalogueCheck = async (client) => {
  const found: string[] = []
  const rows = await functionRows(client)
  for (const row of rows) if (row.public) found.push(`${row.signature}: public may call it`)
  for (const login of loginRoles) {
    const held = rows.filter((row) => row.callers.includes(login)).map((row) => row.name)
    const wanted = doorwaysOf(login)
    for (const name of held) if (!wanted.includes(name)) found.push(`${name}: ${login} may call it`)
    for (const name of wanted) if (!held.includes(name)) found.push(`${name}: ${login} may not call it`)
  }
  const names = rows.map((row) => row.name)
  for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) found.push(`${name}: has an overload`)
  return found
}

const bodiesAreStatic = eachFunction(({ body }) => {
  const code = body.replaceAll(/--.*$/gm, '')
  if (/\bexecute\b/i.test(code)) return 'dynamic SQL'
  return /\bassert\b/i.test(code) ? 'ASSERT can be turned off' : null
})

/** Sixteen bytes and more that are not all zero, as hexadecimal, base64 or escapes: nothing of the kind belongs there. */
const bodiesHoldNoKey = eachFunction(({ body }) => {
  const literals = [...body.matchAll(/'([^']*)'/g)].map((match) => match[1]!)
  const key = (text: string): boolean =>
    (/[0-9a-f]{32}/i.test(text) && !/^(\\x)?0+$/.test(text)) ||
    /[A-Za-z0-9+/_-]{40}/.test(text) ||
    /(\\[0-7]{3}){16}/.test(text)
  return literals.some(key) ? 'a literal that could be a key' : null
})

/** Every rule of the schema by its name. */
export const catalogueChecks = {
  keysStartWithTenant,
  tablesHaveATenantAndAKey,
  nothingLinksTwoTenants,
  rowSecurityIsForced,
  partitionsAreClosed,
  policiesArePlain,
  onlyTablesAndIndexes,
  registersAreSealed,
  nobodyElseMayTouch,
  nobodyElseIsNamed,
  onlyTheOwnerCreates,
  rolesAreBare,
  newObjectsAreClosed,
  doorwaysTakeTheTenantFirst,
  doorwaysOpenTheirTokenFirst,
  functionsAreMadeAsWritten,
  twinsAreAlike,
  loginsCallTheirDoorwaysAlone,
  bodiesAreStatic,
  bodiesHoldNoKey,
}
